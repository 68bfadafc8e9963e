-- Makes a role and a schema for each service, once, on a new database; psql runs it as the superuser.
-- No service can read another's tables. The search path of a role is its schema, so services name tables without it.

\getenv accounts_password ACCOUNTS_DB_PASSWORD
\getenv inventory_password INVENTORY_DB_PASSWORD
\getenv discovery_password DISCOVERY_DB_PASSWORD

REVOKE ALL ON DATABASE rollcall FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE ROLE rollcall_accounts LOGIN PASSWORD :'accounts_password';
ALTER ROLE rollcall_accounts SET search_path = accounts;
GRANT CONNECT, TEMPORARY ON DATABASE rollcall TO rollcall_accounts;
CREATE SCHEMA accounts AUTHORIZATION rollcall_accounts;

CREATE ROLE rollcall_inventory LOGIN PASSWORD :'inventory_password';
ALTER ROLE rollcall_inventory SET search_path = inventory;
GRANT CONNECT, TEMPORARY ON DATABASE rollcall TO rollcall_inventory;
CREATE SCHEMA inventory AUTHORIZATION rollcall_inventory;

CREATE ROLE rollcall_discovery LOGIN PASSWORD :'discovery_password';
ALTER ROLE rollcall_discovery SET search_path = discovery;
GRANT CONNECT, TEMPORARY ON DATABASE rollcall TO rollcall_discovery;
CREATE SCHEMA discovery AUTHORIZATION rollcall_discovery;
