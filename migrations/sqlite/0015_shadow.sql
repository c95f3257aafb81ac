-- What a candidate made of photos that it checked beside what is in force. `in_force` and `candidate` each name a
-- model and a policy. Nobody was shown any of it.

-- How many photos of a day (UTC, days since 1970) had which two verdicts.
create table shadow_count (
    tenant_id bigint not null references tenant (id),
    day bigint not null,
    in_force text not null,
    candidate text not null,
    verdict text not null,
    candidate_verdict text not null,
    photos bigint not null,
    primary key (tenant_id, day, in_force, candidate, verdict, candidate_verdict)
) without rowid;

-- Photos that had two different ones. Scores are in thousandths, -1 where there was none.
create table shadow_change (
    id text not null primary key,
    tenant_id bigint not null references tenant (id),
    at bigint not null,
    in_force text not null,
    candidate text not null,
    verdict text not null,
    candidate_verdict text not null,
    score bigint not null,
    candidate_score bigint not null,
    sha256 text not null
) without rowid;
create index shadow_change_tenant on shadow_change (tenant_id, at);
