-- Photos seen on accounts. Of an account a keyed hash of its id is kept, never the id.

create table sighting (
    content_id bigint not null references content (id),
    account blob not null,
    first_seen_at bigint not null,
    last_seen_at bigint not null,
    primary key (content_id, account)
) without rowid;
create index sighting_last_seen_at on sighting (last_seen_at);

-- Hashes under different keys cannot be compared: says which key a bank of sightings is filled
-- under, without telling the key. Empty before the first one.
alter table bank add column account_key_check text not null default '';

-- Whether a person has released it from quarantine; then it is not quarantined again.
alter table content add column released integer not null default 0;
