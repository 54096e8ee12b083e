-- In the order of the question: a village asks page by page for its own among those of a prefecture.
CREATE INDEX person_kept ON person (municipality, id);
