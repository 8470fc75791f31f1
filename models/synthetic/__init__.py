"""Synthetic events: made-up mountains before and after a landslide-triggering storm, with known truth.

Everything is a pure function of the seed and of the position on the ground, so that a scene of any size can be written
band by band in little memory, and comes out the same whatever the height of a band.
"""

from landslip.models.synthetic.event import EventFiles, EventSpec, event_files, write_event

__all__ = ["EventFiles", "EventSpec", "event_files", "write_event"]
