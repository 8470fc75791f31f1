"""Published models and scenes by name: where they are and how to know them; nothing is kept here."""
