-- Work that waits, as the sixth step for SQLite leaves it. What the columns mean is said there.

create table worker (
    id text collate "C" primary key,
    alive_until bigint not null
);

create table photo_check (
    id text collate "C" primary key,
    tenant_id bigint not null references tenant (id),
    batch_id text collate "C" not null,
    place bigint not null,
    external_id text not null,
    state text not null check (state in ('arriving', 'waiting', 'done', 'failed')),
    accepted_at bigint not null,
    finished_at bigint not null,
    due_at bigint not null,
    holder text not null,
    owner text not null,
    attempt bigint not null,
    photo_bytes bigint not null,
    callback_endpoint text not null,
    callback_url text not null,
    report text not null,
    problem_code text not null,
    problem_detail text not null,
    feedback text not null,
    feedback_note text not null,
    appeal text not null check (appeal in ('', 'open', 'upheld', 'overturned')),
    appeal_reason text not null,
    appealed_at bigint not null,
    decision_reason text not null,
    decided_at bigint not null
);
create index photo_check_unfinished on photo_check (tenant_id, id) where finished_at = 0;
create index photo_check_batch on photo_check (batch_id, place);
create index photo_check_finished on photo_check (finished_at) where finished_at <> 0;

create table waiting_photo (
    check_id text collate "C" primary key references photo_check (id),
    sealed bytea not null
);

create table webhook_endpoint (
    id text collate "C" primary key,
    tenant_id bigint not null references tenant (id),
    url text not null,
    events text not null,
    secret text not null,
    old_secret text not null,
    old_secret_until bigint not null,
    created_at bigint not null,
    failing_since bigint not null,
    switched_off_at bigint not null
);
create index webhook_endpoint_tenant on webhook_endpoint (tenant_id, id);

create table webhook_message (
    id text collate "C" primary key,
    tenant_id bigint not null references tenant (id),
    endpoint_id text collate "C" not null references webhook_endpoint (id),
    url text not null,
    event text not null,
    payload text not null,
    created_at bigint not null,
    due_at bigint not null,
    finished_at bigint not null,
    state text not null check (state in ('pending', 'delivered', 'dead')),
    owner text not null,
    attempt bigint not null,
    problem text not null
);
create index webhook_message_due on webhook_message (endpoint_id, due_at) where finished_at = 0;
create index webhook_message_endpoint on webhook_message (endpoint_id, id);
create index webhook_message_finished on webhook_message (finished_at) where finished_at <> 0;
