-- How many checks with an account one PostgreSQL can record: the statements of one sighting of a
-- photo that is new, in the database that benches/postgres-rows.sql filled.
--   pgbench -n -M prepared -c 8 -T 20 -f benches/postgres-sightings.sql DATABASE
\set content random(1, 100000)
begin;
select value from generation for update;
select id from bank where id = 1;
select id from content where bank_id = 1 and pdq = sha256(:content::text::bytea) and gradient = '\x00';
update generation set value = value + 1 returning value;
insert into content (bank_id, pdq, pdq_quality, gradient, note, added_at, generation, external_id,
        opinion, enabled, quarantined)
    values (1, gen_random_bytes(32), 100, gen_random_bytes(32), '', 1790000000, 1, '', 'confirmed', 1, '')
    returning id \gset
insert into view_hash (content_id, view, pdq, pdq_quality, gradient)
    select :id, view, gen_random_bytes(32), 100, gen_random_bytes(32) from generate_series(1, 15) view;
insert into sighting (content_id, account, first_seen_at, last_seen_at)
    values (:id, gen_random_bytes(32), 1790000000, 1790000000)
    on conflict (content_id, account) do update set last_seen_at = excluded.last_seen_at;
select count(distinct account) as accounts, min(first_seen_at) as since from sighting
    where content_id in (:id) and account <> '\x00' and 1 <= last_seen_at;
commit;
