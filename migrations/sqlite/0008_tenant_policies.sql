-- Policies that tenants have of their own, every version that was ever set. `text` is the file, or the
-- name of a bundled policy; at most one of a tenant is in force.
create table tenant_policy (
    tenant_id bigint not null references tenant (id),
    name text not null,
    version text not null,
    text text not null,
    set_at bigint not null,
    in_force integer not null,
    primary key (tenant_id, name, version)
);
create unique index tenant_policy_in_force on tenant_policy (tenant_id) where in_force = 1;
