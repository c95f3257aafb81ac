-- Tenants, whose banks are apart from each other's, and the keys that their programs send.

create table tenant (
    id integer primary key autoincrement,
    name text not null unique,
    created_at bigint not null
);
-- What was there before belongs to the first one.
insert into tenant (id, name, created_at) values (1, 'default', 0);

-- The name of a bank is unique within its tenant only, so its table is made anew. References to it
-- are checked at the end of the step; ids that were given once are not given again.
pragma defer_foreign_keys = on;
create table bank_before as select * from bank;
create table bank_before_seq as select seq from sqlite_sequence where name = 'bank';
drop table bank;
create table bank (
    id integer primary key autoincrement,
    name text not null,
    created_at bigint not null,
    purpose text not null default 'known_fake'
        check (purpose in ('known_fake', 'allow', 'seen')),
    imported integer not null default 0,
    account_key_check text not null default '',
    tenant_id bigint not null default 1 references tenant (id),
    unique (tenant_id, name)
);
insert into bank (id, name, created_at, purpose, imported, account_key_check)
    select id, name, created_at, purpose, imported, account_key_check from bank_before;
delete from sqlite_sequence where name = 'bank';
insert into sqlite_sequence (name, seq) select 'bank', seq from bank_before_seq;
drop table bank_before;
drop table bank_before_seq;

-- Who else looks photos up in a bank.
create table bank_share (
    bank_id bigint not null references bank (id),
    tenant_id bigint not null references tenant (id),
    primary key (bank_id, tenant_id)
) without rowid;
create index bank_share_tenant on bank_share (tenant_id);

-- Of a key only its SHA-256 is kept. Times are seconds since 1970, 0 where there is none; so are
-- limits.
create table api_key (
    id text primary key not null,
    tenant_id bigint not null references tenant (id),
    name text not null,
    scopes text not null,
    digest blob not null,
    created_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint not null,
    last_used_at bigint not null,
    requests_per_minute bigint not null,
    requests_per_day bigint not null
) without rowid;
create index api_key_tenant on api_key (tenant_id);

-- Requests of a key on a day (days since 1970, UTC), for its quota.
create table key_usage (
    key_id text not null references api_key (id),
    day bigint not null,
    requests bigint not null,
    primary key (key_id, day)
) without rowid;
create index key_usage_day on key_usage (day);

-- Whether calls need a key: from the first key on, and for good. Revoking or erasing the last key
-- must not open the service to everybody.
create table access (
    id integer primary key check (id = 1),
    keys_required integer not null
);
insert into access (id, keys_required) values (1, 0);
