-- What banks are for, what is thought of their contents, and hashes of more than one view.

alter table bank add column purpose text not null default 'known_fake'
    check (purpose in ('known_fake', 'allow', 'seen'));
alter table bank add column imported integer not null default 0;

-- `gradient` is empty for contents that came as PDQ hashes alone.
alter table content add column external_id text not null default '';
alter table content add column opinion text not null default 'confirmed'
    check (opinion in ('confirmed', 'unsure', 'disputed'));
alter table content add column enabled integer not null default 1;
-- Why it is not looked up although it is enabled; empty while it is.
alter table content add column quarantined text not null default '';
create index content_external_id on content (bank_id, external_id) where external_id <> '';

-- Views other than the whole, which stands in `content`.
create table view_hash (
    content_id bigint not null references content (id),
    view integer not null,
    pdq blob not null,
    pdq_quality integer not null,
    gradient blob not null,
    primary key (content_id, view)
) without rowid;
