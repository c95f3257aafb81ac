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
    report text not null,
    problem_code text not null,
    problem_detail text not null
);
create index photo_check_unfinished on photo_check (tenant_id, id) where finished_at = 0;
create index photo_check_batch on photo_check (batch_id, place);
create index photo_check_finished on photo_check (finished_at) where finished_at <> 0;

create table waiting_photo (
    check_id text collate "C" primary key references photo_check (id),
    sealed bytea not null
);
