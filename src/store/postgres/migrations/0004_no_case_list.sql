-- A list of cases is decided from the record itself: lines of its own were never written.
DROP TABLE case_list;
