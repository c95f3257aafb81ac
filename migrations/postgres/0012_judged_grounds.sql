-- What judged verdicts rest on, as the twelfth step for SQLite leaves it. What the columns mean is
-- said there.

create table judged_ground (
    check_id text collate "C" not null references photo_check (id),
    tenant_id bigint not null references tenant (id),
    code text collate "C" not null,
    content_id bigint not null,
    bank text not null,
    purpose text not null,
    primary key (check_id, code, content_id)
);
create index judged_ground_tenant on judged_ground (tenant_id, content_id);

insert into judged_ground (check_id, tenant_id, code, content_id, bank, purpose)
select distinct id, tenant_id, reason ->> 'code', 0, '', ''
from photo_check, json_array_elements(report::json -> 'reasons') as reason
where state = 'done' and (feedback <> '' or appeal in ('upheld', 'overturned'))
    and reason ->> 'weight' = report::json ->> 'verdict';

insert into judged_ground (check_id, tenant_id, code, content_id, bank, purpose)
select distinct id, photo_check.tenant_id, '', (found ->> 'content_id')::bigint, found ->> 'bank',
    found ->> 'purpose'
from photo_check join judged_ground on judged_ground.check_id = photo_check.id,
    json_array_elements(report::json -> 'evidence' -> 'matches') as found
where state = 'done' and found ->> 'opinion' <> 'disputed' and (
    found ->> 'purpose' = 'known_fake'
        and code in ('KNOWN_PHOTO', 'KNOWN_PHOTO_UNSURE', 'KNOWN_PHOTO_PART_ALLOWED')
        and report::json ->> 'verdict' <> 'clear'
    or found ->> 'purpose' = 'allow' and code = 'ALLOWED_PHOTO'
);
