-- Expunge marks are deleted by age; without this the maintenance reads them all each time.
CREATE INDEX expunged_at ON messages.expunged USING brin (at);
