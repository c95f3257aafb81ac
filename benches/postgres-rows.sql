-- Sizes of rows on PostgreSQL, from generated ones. In an empty database:
--   psql -v rows=1000000 -f migrations/postgres/0004_tables.sql -f benches/postgres-rows.sql DATABASE
-- Hashes and accounts are random, as real ones look to an index; a content has fifteen views.
\set ON_ERROR_STOP on
\timing on
create extension if not exists pgcrypto;
insert into bank (name, created_at, purpose, imported) values ('SEEN', 0, 'seen', 0);
insert into content (bank_id, pdq, pdq_quality, gradient, note, added_at, generation, external_id,
        opinion, enabled, quarantined)
    select 1, gen_random_bytes(32), 100, gen_random_bytes(32), '', 1790000000, number, '',
        'confirmed', 1, ''
    from generate_series(1, :rows / 10) number;
insert into view_hash (content_id, view, pdq, pdq_quality, gradient)
    select id, view, gen_random_bytes(32), 100, gen_random_bytes(32)
    from content, generate_series(1, 15) view;
insert into sighting (content_id, account, first_seen_at, last_seen_at)
    select (random() * (:rows / 10 - 1))::bigint + 1, gen_random_bytes(32), 1790000000, 1790000000
    from generate_series(1, :rows);
vacuum analyze;
select relname as table, reltuples::bigint as rows,
    round(pg_relation_size(c.oid) / greatest(reltuples, 1)::numeric, 1) as row_bytes,
    round(pg_indexes_size(c.oid) / greatest(reltuples, 1)::numeric, 1) as index_bytes,
    pg_size_pretty(pg_total_relation_size(c.oid)) as total
from pg_class c where relname in ('content', 'view_hash', 'sighting') order by relname;
