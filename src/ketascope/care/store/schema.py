"""Tables of the store and its version."""

from __future__ import annotations

# Raised with every change of the tables; an older store is then told apart from a broken one.
SCHEMA_VERSION = 1

TABLES = """
CREATE TABLE about (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE TABLE source (
    source_id INTEGER PRIMARY KEY,
    source VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    edition VARCHAR NOT NULL,
    edition_date VARCHAR NOT NULL,
    checked_date VARCHAR NOT NULL,
    names_services BOOLEAN NOT NULL,
    credit VARCHAR NOT NULL,
    file_name VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    packaged BOOLEAN NOT NULL,
    complete_states VARCHAR[],
    complete_services VARCHAR[] NOT NULL,
    rows_read BIGINT NOT NULL,
    rows_rejected BIGINT NOT NULL,
    rows_skipped BIGINT NOT NULL,
    rows_superseded BIGINT NOT NULL,
    places BIGINT NOT NULL
);
CREATE TABLE place (
    place_id INTEGER NOT NULL,
    site_id INTEGER NOT NULL,
    source_id INTEGER NOT NULL,
    row_number BIGINT NOT NULL,
    name VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    street VARCHAR NOT NULL,
    street2 VARCHAR NOT NULL,
    city VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    zip VARCHAR NOT NULL,
    phone VARCHAR NOT NULL,
    website VARCHAR NOT NULL,
    latitude DOUBLE NOT NULL,
    longitude DOUBLE NOT NULL,
    located_by VARCHAR NOT NULL,
    veterans_only BOOLEAN NOT NULL,
    npi VARCHAR NOT NULL,
    checked_date VARCHAR NOT NULL,
    stands_for_site BOOLEAN NOT NULL
);
CREATE TABLE service (
    site_id INTEGER NOT NULL,
    place_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    name VARCHAR NOT NULL
);
CREATE TABLE payment (
    site_id INTEGER NOT NULL,
    place_id INTEGER NOT NULL,
    code VARCHAR NOT NULL,
    name VARCHAR NOT NULL
);
"""
