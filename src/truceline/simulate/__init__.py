"""The seeded simulator: a fictional mission whose truth is known, behind the same tables as the real thing.

world.py what to simulate; terrain.py where; incidents.py what truly happens; watches.py who looks; sensors.py,
satellites.py and open_sources.py what they say; stories.py the written cases; statecraft.py the records of people;
cases.py what follows from actual findings; exercise.py all of it together. Everything simulated says EXERCISE.
"""

from truceline.simulate.cases import cases
from truceline.simulate.exercise import Exercise, build, move_post
from truceline.simulate.stories import Story

__all__ = ["Exercise", "Story", "build", "cases", "move_post"]
