"""The composition root: one mission folder, and what people do with it.

mission.py open, record, seal; importing.py files in; views.py rebuildable tables; fusing.py, assessing.py, publishing.py
the three computations; replaying.py all of them again; verifying.py every byte; exercise.py and record.py the missions
that ship; keyring.py private keys, kept outside the folder.
"""
