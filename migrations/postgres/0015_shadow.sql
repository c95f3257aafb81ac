-- Answers of candidates, as the fifteenth step for SQLite leaves them. What the columns mean is said there.

create table shadow_count (
    tenant_id bigint not null references tenant (id),
    day bigint not null,
    in_force text collate "C" not null,
    candidate text collate "C" not null,
    verdict text collate "C" not null,
    candidate_verdict text collate "C" not null,
    photos bigint not null,
    primary key (tenant_id, day, in_force, candidate, verdict, candidate_verdict)
);

create table shadow_change (
    id text collate "C" not null primary key,
    tenant_id bigint not null references tenant (id),
    at bigint not null,
    in_force text collate "C" not null,
    candidate text collate "C" not null,
    verdict text collate "C" not null,
    candidate_verdict text collate "C" not null,
    score bigint not null,
    candidate_score bigint not null,
    sha256 text collate "C" not null
);
create index shadow_change_tenant on shadow_change (tenant_id, at);
