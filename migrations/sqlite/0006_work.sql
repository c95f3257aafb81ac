-- Work that waits: checks that are done later, what is to be told of them, and the machines that do
-- both.

-- A program that does such work, for as long as it says that it is alive. Seconds since 1970, by the
-- clock of the database, as all times by which work is taken over.
create table worker (
    id text primary key not null,
    alive_until bigint not null
) without rowid;

-- A check that was accepted, until its retention is over. `place` orders those of one call.
--
-- `holder` is the worker that has the photo in its memory, or empty when it is in waiting_photo;
-- `owner` is the worker that does the check, or empty. `attempt` counts who tried, so that an owner
-- that was given up cannot finish what another does. `finished_at` is 0 until then. Where the call
-- wants to be told at an address of its own, that and the endpoint whose secrets sign are here. What
-- people say of the verdict is '', right or wrong.
create table photo_check (
    id text primary key not null,
    tenant_id bigint not null references tenant (id),
    batch_id text not null,
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

-- The photo of a check that waits, or its URL, encrypted. Apart from its check, which changes while
-- this does not.
create table waiting_photo (
    check_id text primary key not null references photo_check (id),
    sealed blob not null
);

-- Where a tenant is told of events. Two secrets at once while one takes the other's place; times are
-- seconds since 1970, 0 where there is none. `events` has names separated by commas, none for all.
create table webhook_endpoint (
    id text primary key not null,
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

-- What is to be sent, until it arrived, and then until its retention is over. Written in the
-- transaction of what it tells of. `url` is that of the call, or empty for that of the endpoint.
create table webhook_message (
    id text primary key not null,
    tenant_id bigint not null references tenant (id),
    endpoint_id text not null references webhook_endpoint (id),
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
