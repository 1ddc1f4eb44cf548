-- SEARCH looks at a few bits of a message before it looks at its text: a text that holds the words has the bits of all
-- their runs of three octets (server/store/search_bits.h). Null: as before, the text is looked at. MAIN: it stays in the
-- row, whose search text goes elsewhere.
ALTER TABLE messages.bodies ADD COLUMN searchbits bytea;
ALTER TABLE messages.bodies ALTER COLUMN searchbits SET STORAGE MAIN;
