-- Validates the rules of 0006 beside readers and writers.

ALTER TABLE accounts VALIDATE CONSTRAINT accounts_provider_check;
ALTER TABLE accounts VALIDATE CONSTRAINT accounts_credentials_method_check;
