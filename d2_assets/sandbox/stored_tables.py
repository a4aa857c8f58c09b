"""The tables of the sandbox's SQLite file, but those of tracker."""

TABLES = """
CREATE TABLE IF NOT EXISTS data_value (
  data_element TEXT NOT NULL, period TEXT NOT NULL, org_unit TEXT NOT NULL,
  category_option_combo TEXT NOT NULL, attribute_option_combo TEXT NOT NULL,
  value TEXT, comment TEXT, followup INTEGER NOT NULL, deleted INTEGER NOT NULL,
  stored_by TEXT, created INTEGER NOT NULL, last_updated INTEGER NOT NULL,
  PRIMARY KEY (period, org_unit, data_element, category_option_combo, attribute_option_combo)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS registration (
  data_set TEXT NOT NULL, period TEXT NOT NULL, org_unit TEXT NOT NULL,
  attribute_option_combo TEXT NOT NULL,
  date TEXT NOT NULL, stored_by TEXT, completed INTEGER NOT NULL,
  PRIMARY KEY (data_set, period, org_unit, attribute_option_combo)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS metadata (
  plural TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (plural, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (key TEXT PRIMARY KEY, username TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS password (username TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""
