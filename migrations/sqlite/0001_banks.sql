-- Banks of known photos. No photo is kept, only its hashes.
--
-- `generation` counts the changes of all banks; each row says at which count it came, and
-- `removal` at which count a row went, so that an index can be brought up to date from any count.

create table generation (
    id integer primary key check (id = 1),
    value bigint not null
);
insert into generation (id, value) values (1, 0);

create table bank (
    id integer primary key autoincrement,
    name text not null unique,
    created_at bigint not null
);

-- `autoincrement`: the id of a removed content is never given again.
create table content (
    id integer primary key autoincrement,
    bank_id bigint not null references bank (id),
    pdq blob not null,
    pdq_quality integer not null,
    gradient blob not null,
    note text not null,
    added_at bigint not null,
    generation bigint not null,
    unique (bank_id, pdq, gradient)
);
create index content_generation on content (generation);

create table removal (
    content_id bigint primary key,
    generation bigint not null
);
create index removal_generation on removal (generation);
