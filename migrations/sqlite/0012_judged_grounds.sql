-- What verdicts rest on that people judged: a row for each reason that led to the verdict, with its
-- `code` and no content, and one for each banked photo, with its id and no code. `bank` and `purpose`
-- are those of the report. Whether the verdict was right is with the check and its item of the queue.
create table judged_ground (
    check_id text not null references photo_check (id),
    tenant_id bigint not null references tenant (id),
    code text not null,
    content_id bigint not null,
    bank text not null,
    purpose text not null,
    primary key (check_id, code, content_id)
) without rowid;
create index judged_ground_tenant on judged_ground (tenant_id, content_id);

-- Of verdicts that were judged before there was this table.
insert into judged_ground (check_id, tenant_id, code, content_id, bank, purpose)
select distinct photo_check.id, tenant_id, json_extract(value, '$.code'), 0, '', ''
from photo_check, json_each(report, '$.reasons')
where state = 'done' and (feedback <> '' or appeal in ('upheld', 'overturned'))
    and json_extract(value, '$.weight') = json_extract(report, '$.verdict');

insert into judged_ground (check_id, tenant_id, code, content_id, bank, purpose)
select distinct photo_check.id, photo_check.tenant_id, '', json_extract(value, '$.content_id'),
    json_extract(value, '$.bank'), json_extract(value, '$.purpose')
from photo_check join judged_ground on judged_ground.check_id = photo_check.id,
    json_each(report, '$.evidence.matches')
where state = 'done' and json_extract(value, '$.opinion') <> 'disputed' and (
    json_extract(value, '$.purpose') = 'known_fake'
        and code in ('KNOWN_PHOTO', 'KNOWN_PHOTO_UNSURE', 'KNOWN_PHOTO_PART_ALLOWED')
        and json_extract(report, '$.verdict') <> 'clear'
    or json_extract(value, '$.purpose') = 'allow' and code = 'ALLOWED_PHOTO'
);
