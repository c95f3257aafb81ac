-- Policies of tenants, as the eighth step for SQLite leaves them. What the columns mean is said there.

create table tenant_policy (
    tenant_id bigint not null references tenant (id),
    name text collate "C" not null,
    version text collate "C" not null,
    text text not null,
    set_at bigint not null,
    in_force integer not null,
    primary key (tenant_id, name, version)
);
create unique index tenant_policy_in_force on tenant_policy (tenant_id) where in_force = 1;
