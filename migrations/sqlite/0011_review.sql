-- What moderators review, and what they decided.

-- A log-in at the review page, until it ends. `digest` is the SHA-256 of the secret in the browser's
-- cookie; `credential` says what it was begun with. Seconds since 1970, by the clock of the database.
create table review_session (
    digest blob primary key not null,
    tenant_id bigint not null references tenant (id),
    credential text not null,
    expires_at bigint not null
) without rowid;

-- A check that somebody may have to look at: it was flagged, or appealed. What is least sure comes
-- last, by `rank`. `reasons` has the codes of its report, each between spaces. Whoever opened it has it
-- for themselves until `leased_until`, by the clock of the database. `skipped_by` is the session that
-- passed it on last.
create table review_item (
    check_id text primary key not null references photo_check (id),
    tenant_id bigint not null references tenant (id),
    verdict text not null check (verdict in ('clear', 'inconclusive', 'suspect', 'fake')),
    rank bigint not null,
    reasons text not null,
    finished_at bigint not null,
    state text not null check (state in ('open', 'escalated', 'confirmed', 'rejected')),
    leased_by text not null,
    leased_until bigint not null,
    skipped_by text not null
) without rowid;
create index review_item_queue on review_item (tenant_id, state, rank, finished_at, check_id);
create index review_item_lease on review_item (leased_by) where leased_by <> '';

-- What somebody decided, also when it was undone since; times are seconds since 1970, 0 where there is
-- none. The columns from `session` on are what it takes to undo it: the session that may, what was said
-- before, and what was put into the bank of allowed photos; negative where it was there before.
create table review_decision (
    id text primary key not null,
    check_id text not null references review_item (check_id),
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
) without rowid;
create index review_decision_check on review_decision (check_id, id);

-- Checks that were finished before there was a queue.
insert into review_item (check_id, tenant_id, verdict, rank, reasons, finished_at, state, leased_by,
    leased_until, skipped_by)
select id, tenant_id, verdict,
    case verdict when 'fake' then 0 when 'suspect' then 1 when 'inconclusive' then 2 else 3 end,
    ' ' || coalesce((select group_concat(json_extract(value, '$.code'), ' ')
        from json_each(report, '$.reasons')), '') || ' ',
    finished_at,
    case appeal when 'upheld' then 'confirmed' when 'overturned' then 'rejected' else 'open' end,
    '', 0, ''
from (
    select *, json_extract(report, '$.verdict') as verdict from photo_check where state = 'done'
)
where verdict in ('inconclusive', 'suspect', 'fake') or verdict = 'clear' and appeal <> '';
