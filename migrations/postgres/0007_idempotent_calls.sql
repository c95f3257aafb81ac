-- Calls that are done once, as the seventh step for SQLite leaves them. What the columns mean is said
-- there.

create table idempotent_call (
    tenant_id bigint not null references tenant (id),
    key_digest bytea not null,
    id text collate "C" not null,
    owner text not null,
    attempt bigint not null,
    created_at bigint not null,
    request_bytes bigint not null,
    answer bytea not null,
    primary key (tenant_id, key_digest)
);
create index idempotent_call_created on idempotent_call (created_at);
