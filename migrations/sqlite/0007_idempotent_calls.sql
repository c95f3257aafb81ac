-- Calls that came with an Idempotency-Key: each is done once, and answered again for a day.
--
-- `key_digest` is the SHA-256 of the key. `owner` is the worker that has the call under way, or empty;
-- `attempt` counts who tried, so that one that was given up writes nothing down. `id` is given to what
-- the call makes, so that whoever does it again finds what is there. `answer` is empty until there is
-- one, and then encrypted under the call itself; `request_bytes` says how long that was. Times are by
-- the clock of the database.
create table idempotent_call (
    tenant_id bigint not null references tenant (id),
    key_digest blob not null,
    id text not null,
    owner text not null,
    attempt bigint not null,
    created_at bigint not null,
    request_bytes bigint not null,
    answer blob not null,
    primary key (tenant_id, key_digest)
);
create index idempotent_call_created on idempotent_call (created_at);
