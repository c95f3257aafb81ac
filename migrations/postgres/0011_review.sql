-- Reviews, as the eleventh step for SQLite leaves them. What the columns mean is said there.

create table review_session (
    digest bytea primary key,
    tenant_id bigint not null references tenant (id),
    credential text not null,
    expires_at bigint not null
);

create table review_item (
    check_id text collate "C" primary key references photo_check (id),
    tenant_id bigint not null references tenant (id),
    verdict text not null check (verdict in ('clear', 'inconclusive', 'suspect', 'fake')),
    rank bigint not null,
    reasons text not null,
    finished_at bigint not null,
    state text not null check (state in ('open', 'escalated', 'confirmed', 'rejected')),
    leased_by text not null,
    leased_until bigint not null,
    skipped_by text not null
);
create index review_item_queue on review_item (tenant_id, state, rank, finished_at, check_id);
create index review_item_lease on review_item (leased_by) where leased_by <> '';

create table review_decision (
    id text collate "C" primary key,
    check_id text collate "C" not null references review_item (check_id),
    tenant_id bigint not null references tenant (id),
    outcome text not null
        check (outcome in ('escalated', 'confirmed', 'rejected', 'upheld', 'overturned')),
    reason text not null,
    decided_by text not null,
    decided_at bigint not null,
    undone_at bigint not null,
    session text not null,
    before_state text not null,
    before_feedback text not null,
    before_note text not null,
    allowed_content bigint not null
);
create index review_decision_check on review_decision (check_id, id);

insert into review_item (check_id, tenant_id, verdict, rank, reasons, finished_at, state, leased_by,
    leased_until, skipped_by)
select id, tenant_id, verdict,
    case verdict when 'fake' then 0 when 'suspect' then 1 when 'inconclusive' then 2 else 3 end,
    ' ' || coalesce((select string_agg(reason ->> 'code', ' ')
        from json_array_elements(found.report::json -> 'reasons') as reason), '') || ' ',
    finished_at,
    case appeal when 'upheld' then 'confirmed' when 'overturned' then 'rejected' else 'open' end,
    '', 0, ''
from (
    select *, report::json ->> 'verdict' as verdict from photo_check where state = 'done'
) as found
where verdict in ('inconclusive', 'suspect', 'fake') or verdict = 'clear' and appeal <> '';
