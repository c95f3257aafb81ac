-- What was done, by whom, when: entries that are only ever added. Those of a tenant are a chain.

-- The end of a tenant's chain: how many entries there are, and the hash of the last one. Whoever
-- adds one takes this row first, so that a chain never forks.
create table audit_head (
    tenant_id bigint primary key not null references tenant (id),
    number bigint not null,
    hash text not null
) without rowid;

-- `hash` is a SHA-256 over all else in the row and the hash of the entry before (src/audit.rs).
create table audit_entry (
    tenant_id bigint not null references tenant (id),
    number bigint not null,
    at bigint not null,
    actor text not null,
    action text not null,
    subject text not null,
    hash text not null,
    primary key (tenant_id, number)
) without rowid;
