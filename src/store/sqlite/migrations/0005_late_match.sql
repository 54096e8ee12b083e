-- A delivery that tells of a late match is made for the sake of a question, and of no entries.
ALTER TABLE delivery ADD COLUMN question BLOB;
