#!/bin/sh
# Run once by the image of PostgreSQL, when its volume is empty. The shop gets a database and a user
# of its own: the administrator `postgres` may do too much to be used by an app.
set -eu
psql --username postgres --dbname postgres --set ON_ERROR_STOP=1 \
  --set password="$DATABASE_PASSWORD" <<'SQL'
CREATE ROLE shop LOGIN PASSWORD :'password';
CREATE DATABASE shop OWNER shop;
REVOKE ALL ON DATABASE shop FROM PUBLIC;
SQL
