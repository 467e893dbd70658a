"""What can be said: kinds of record, code lists, canonical bytes, parties, and the columnar schemas.

kinds.py the bodies that the log holds; codes.py the words; columns.py the Arrow schemas; canonical.py the bytes;
parties.py parties, alignments and actors.
"""
