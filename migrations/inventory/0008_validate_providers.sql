-- Validates the rules of 0006 and 0007 beside readers and writers.

ALTER TABLE scopes VALIDATE CONSTRAINT scopes_provider_check;
ALTER TABLE instances VALIDATE CONSTRAINT instances_provider_check;
