-- What was done, as the ninth step for SQLite leaves it. What the columns mean is said there.

create table audit_head (
    tenant_id bigint primary key references tenant (id),
    number bigint not null,
    hash text collate "C" not null
);

create table audit_entry (
    tenant_id bigint not null references tenant (id),
    number bigint not null,
    at bigint not null,
    actor text collate "C" not null,
    action text collate "C" not null,
    subject text not null,
    hash text collate "C" not null,
    primary key (tenant_id, number)
);
