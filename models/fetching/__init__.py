"""Published files over HTTP: resumed, checked, named once they are proven."""
