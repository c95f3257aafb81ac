//! Import and export: a bank comes back as it was, a repeat adds nothing, bad lines are named.

use std::collections::BTreeSet;
use std::path::Path;

use photocheck::store::BATCH_PHOTOS;
use photocheck_core::matching::hashes::PdqHash;
use serde_json::Value;

use crate::support::{Service, Setup, fixture, fixture_path, photocheck, temporary_db};

const BANK: &str = "ROMANCE_SCAM";
const STOLEN: &str = "photos/ai-portrait-1.jpg";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Hashes that differ, in hexadecimal.
fn hashes(count: usize) -> impl Iterator<Item = String> {
    (1..=count as u64)
        .map(|number| PdqHash([number.wrapping_mul(0x9e37_79b9_7f4a_7c15); 4]).to_hex())
}

/// Lines in their order, which an import does not keep.
fn sorted(lines: &[u8]) -> BTreeSet<String> {
    text(lines).lines().map(str::to_owned).collect()
}

#[test]
fn a_bank_comes_back_as_it_was() {
    let (folder, db) = temporary_db();
    let file = |name: &str| folder.path().join(name);
    photocheck(&db, ["bank", "create", BANK]);
    let stolen = fixture_path(STOLEN);
    photocheck(&db, ["bank", "add", BANK, path(&stolen), "--note", "=case \"12\""]);
    let more = format!(
        "pdq,external_id,opinion,enabled,quality\n{},@7,disputed,false,12\n{},,,,\n",
        "ab".repeat(32),
        "cd".repeat(32)
    );
    std::fs::write(file("more.csv"), more).unwrap();
    let imported = photocheck(&db, ["bank", "import", BANK, path(&file("more.csv"))]);
    assert_eq!(text(&imported.stdout), "added 2, already there 0 (csv)\n", "{imported:?}");

    let first = photocheck(&db, ["bank", "export", BANK]);
    assert_eq!(text(&first.stdout).lines().count(), 3, "{first:?}");
    std::fs::write(file("bank.ndjson"), &first.stdout).unwrap();
    let exported = file("bank.ndjson");
    let args = ["bank", "import", "COPY", path(&exported)];
    assert_eq!(photocheck(&db, args).status.code(), Some(2), "there is no such bank");
    let created = photocheck(&db, args.into_iter().chain(["--create"]));
    assert_eq!(text(&created.stdout), "added 3, already there 0 (ndjson)\n", "{created:?}");
    let second = photocheck(&db, ["bank", "export", "COPY"]);
    assert_eq!(sorted(&first.stdout), sorted(&second.stdout));

    let again = photocheck(&db, args);
    assert_eq!(text(&again.stdout), "added 0, already there 3 (ndjson)\n");
    // The banked photo is found by what came over.
    photocheck(&db, ["bank", "remove", BANK, "--all"]);
    let checked = photocheck(&db, ["check", "--json", path(&stolen)]);
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(report["evidence"]["matches"][0]["bank"], "COPY");
}

#[test]
fn an_export_never_overwrites_and_is_its_owners_own() {
    let (folder, db) = temporary_db();
    let (list, out) = (folder.path().join("list.txt"), folder.path().join("out.txt"));
    let lines: Vec<String> = hashes(2500).collect();
    std::fs::write(&list, lines.join("\n")).unwrap();
    photocheck(&db, ["bank", "import", BANK, path(&list), "--create"]);
    let args = ["bank", "export", BANK, "--format", "text", "-o", path(&out)];
    assert!(photocheck(&db, args).status.success());
    let expected: BTreeSet<String> = lines.into_iter().collect();
    assert_eq!(sorted(&std::fs::read(&out).unwrap()), expected);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&out).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = photocheck(&db, args);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("cannot write"), "{again:?}");
}

/// With `--strict`, what was written before the bad line stays, nothing of its batch is, and a
/// repeat goes on.
#[test]
fn a_bad_line_stops_the_import_and_a_repeat_finishes_it() {
    let (folder, db) = temporary_db();
    let file = folder.path().join("list.txt");
    let mut lines: Vec<String> = hashes(BATCH_PHOTOS + 10).collect();
    let (count, good) = (lines.len(), lines[BATCH_PHOTOS + 4].clone());
    lines[BATCH_PHOTOS + 4] = "deadbeef".to_owned();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let args = ["bank", "import", BANK, path(&file), "--strict"];
    let stopped = photocheck(&db, args.into_iter().chain(["--create"]));
    assert_eq!(stopped.status.code(), Some(2));
    let said = text(&stopped.stderr);
    let bad = BATCH_PHOTOS + 5;
    assert!(said.contains(&format!("line {bad}: it must be a PDQ hash")), "{said}");
    assert!(said.contains(&format!("up to line {BATCH_PHOTOS} (added {BATCH_PHOTOS},")), "{said}");
    let listed = text(&photocheck(&db, ["bank", "list"]).stdout);
    assert!(listed.contains(&format!("{BATCH_PHOTOS} photos")), "{listed}");

    lines[BATCH_PHOTOS + 4] = good;
    std::fs::write(&file, lines.join("\n")).unwrap();
    let finished = text(&photocheck(&db, args).stdout);
    assert_eq!(finished, format!("added 10, already there {BATCH_PHOTOS} (text)\n"));
    assert_eq!(count, BATCH_PHOTOS + 10);
}

/// A list that was shared held a hash of 32 digits: the others are imported, on every way in.
/// <https://github.com/facebook/ThreatExchange/issues/1609>
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_line_is_skipped_named_and_counted() {
    let mut lines: Vec<String> = hashes(2).collect();
    lines.insert(1, "0".repeat(32));
    let reason = "it must be a PDQ hash of 64 hexadecimal digits, alone, after `pdq`, or before \
        its quality, not \"[32 hexadecimal digits]\"";
    let (folder, db) = temporary_db();
    let file = folder.path().join("list.txt");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let args = ["bank", "import", BANK, path(&file)];
    let strict = photocheck(&db, args.into_iter().chain(["--create", "--strict"]));
    assert_eq!(strict.status.code(), Some(2), "{strict:?}");
    assert_eq!(text(&photocheck(&db, ["bank", "list"]).stdout), "", "no bank is left behind");
    let imported = photocheck(&db, args.into_iter().chain(["--create"]));
    assert_eq!(imported.status.code(), Some(1), "{imported:?}");
    let said = text(&imported.stdout);
    assert_eq!(said, "added 2, already there 0, bad lines skipped 1 (text)\n");
    assert_eq!(text(&imported.stderr), format!("line 2: {reason}\n"));
    let again = photocheck(&db, args);
    assert!(text(&again.stdout).starts_with("added 0, already there 2,"), "{again:?}");

    let service = Service::start().await;
    service.create_bank(BANK).await;
    let url = service.at(&format!("/v1/banks/{BANK}/import"));
    let list = lines.join("\n") + &"\nhello".repeat(8);
    let answer = service.client.post(url).body(list).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!((&answer["added"], &answer["bad_lines"]["count"]), (&2.into(), &9.into()));
    let named = answer["bad_lines"]["first"].as_array().unwrap();
    assert_eq!(named.len(), 5);
    assert_eq!(named[0], serde_json::json!({ "line": 2, "reason": reason }));
}

/// A file that is no list is refused in bounded time and output, and no bank is made for it.
#[test]
fn a_file_of_bad_lines_is_refused() {
    let (folder, db) = temporary_db();
    let file = folder.path().join("x.txt");
    std::fs::write(&file, "{\"hash\": 1}\n".repeat(300_000)).unwrap();
    let refused = photocheck(&db, ["bank", "import", BANK, path(&file), "--create"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("none of the 1000 lines that were tried"), "{said}");
    assert!(said.contains("--format") && said.contains("threatexchange-csv"), "{said}");
    assert!(said.len() < 1000, "{said}");
    assert_eq!(text(&photocheck(&db, ["bank", "list"]).stdout), "");
}

/// What `photocheck hash` prints and what PDQ's reference tools print is imported with its quality,
/// also after PowerShell made UTF-16 of it.
#[test]
fn printed_hashes_are_imported() {
    let (folder, db) = temporary_db();
    let photos = [STOLEN, "photos/real-hopper.jpg"].map(fixture_path);
    let own = text(&photocheck(&db, ["hash", path(&photos[0]), path(&photos[1])]).stdout);
    let columns = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = own.lines().map(columns).collect();
    let each = |row: &dyn Fn(&[String]) -> String| {
        rows.iter().map(|columns| row(columns) + "\n").collect::<String>()
    };
    let with_names = each(&|row| format!("{},{},{}", row[0], row[1], row[3]));
    let without = each(&|row| format!("{},{}", row[0], row[1]));
    let header = format!("hash,quality,filename\n{with_names}");
    let units = "\u{FEFF}".encode_utf16().chain(without.encode_utf16());
    let powershell: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    let quality: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
    for (number, (bytes, notes)) in [
        (own.as_bytes(), true),
        (with_names.as_bytes(), true),
        (without.as_bytes(), false),
        (header.as_bytes(), true),
        (&powershell, false),
    ]
    .into_iter()
    .enumerate()
    {
        let (bank, file) = (format!("L{number}"), folder.path().join("list"));
        std::fs::write(&file, bytes).unwrap();
        let imported = photocheck(&db, ["bank", "import", &bank, path(&file), "--create"]);
        assert_eq!(imported.status.code(), Some(0), "{number}: {imported:?}");
        assert!(text(&imported.stdout).starts_with("added 2, already there 0 ("), "{imported:?}");
        let shown = text(&photocheck(&db, ["bank", "show", &bank]).stdout);
        for (quality, photo) in quality.iter().zip(&photos) {
            assert!(shown.contains(&format!("quality {quality}\t")), "{number}: {shown}");
            assert_eq!(shown.contains(path(photo)), notes, "{number}: {shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bank_travels_over_http() {
    let service = Service::start().await;
    service.create_bank(BANK).await;
    service.bank_photo(BANK, fixture(STOLEN)).await;
    let export = |query: &str| service.client.get(service.at(&format!("/v1/banks/{BANK}/{query}")));
    let bank = export("export").send().await.unwrap().bytes().await.unwrap();
    let line: Value = serde_json::from_slice(&bank).unwrap();
    assert_eq!(line["pdq"].as_str().unwrap().len(), 64);

    let import = |query: &str| service.client.post(service.at(&format!("/v1/banks/{query}")));
    let answer = import("COPY/import").body(bank.clone()).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    for (query, added) in [("COPY/import?create=true", 1), ("COPY/import", 0)] {
        let answer = import(query).body(bank.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{query}");
        let answer: Value = answer.json().await.unwrap();
        let expected = serde_json::json!({
            "format": "ndjson", "added": added, "already_there": 1 - added,
            "other_signals": 0, "bad_lines": { "count": 0, "first": [] }
        });
        assert_eq!(answer, expected);
    }
    let url = service.at(&format!("/v1/banks/{BANK}"));
    assert_eq!(service.client.delete(&url).send().await.unwrap().status(), 204);
    let report: Value = service.check(fixture(STOLEN)).await.json().await.unwrap();
    assert_eq!(report["evidence"]["matches"][0]["bank"], "COPY");

    let list = hashes(3000).collect::<Vec<_>>().join("\n");
    let answer = import("COPY/import?format=text").body(list.clone()).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["added"], 3000);
    let url = service.at("/v1/banks/COPY/export?format=text");
    let back = service.client.get(url).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(sorted(&back).len(), 3001);
    assert!(sorted(list.as_bytes()).is_subset(&sorted(&back)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_imported_is_refused_by_code() {
    let service = Service::start().await;
    service.create_bank(BANK).await;
    let check = async |query: &str, body: &str, status: u16, code: &str| {
        let url = service.at(&format!("/v1/banks/{BANK}/{query}"));
        let answer = service.client.post(url).body(body.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), status, "{query} {body}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], code, "{problem}");
        problem["detail"].as_str().unwrap().to_owned()
    };
    let list = hashes(3).collect::<Vec<_>>().join("\n");
    let bad = format!("{list}\nnope");
    let said = check("import?strict=true", &bad, 422, "LINE_NOT_VALID").await;
    assert!(said.contains("line 4: ") && said.contains("up to line 0 (added 0,"), "{said}");
    let said = check("import", "hello", 422, "FORMAT_UNCLEAR").await;
    assert!(said.contains("text, csv, ndjson, threatexchange, threatexchange-csv"), "{said}");
    check("import?format=text", "hello", 422, "NO_LINE_READABLE").await;
    let fresh = service.at("/v1/banks/FRESH");
    let url = format!("{fresh}/import?create=true");
    let answer = service.client.post(url).body("hello").send().await.unwrap();
    assert_eq!(answer.status(), 422);
    let answer = service.client.get(&fresh).send().await.unwrap();
    assert_eq!(answer.status(), 404, "no bank is left behind");
    check("import?format=xml", &list, 422, "QUERY_NOT_VALID").await;
    check("import?purpose=seen", &list, 422, "QUERY_NOT_VALID").await;
    check("import?opinion=maybe", &list, 422, "QUERY_NOT_VALID").await;
    check("import?note=a%0Ab", &list, 422, "NOTE_NOT_PLAIN").await;
    check("import?create=true", &list, 409, "BANK_EXISTS").await;
    let bank = service.client.get(service.at(&format!("/v1/banks/{BANK}"))).send().await.unwrap();
    assert_eq!(bank.json::<Value>().await.unwrap()["contents"], 0);
}

/// Hashes of photos of people are personal data: they are behind the token of the banks.
#[tokio::test]
async fn import_and_export_need_the_token() {
    let service =
        Service::start_with(Setup { bank_token: Some("secret"), ..Setup::default() }).await;
    for (method, what) in [("POST", "import?create=true"), ("GET", "export")] {
        let request = |token: &str| {
            let url = service.at(&format!("/v1/banks/{BANK}/{what}"));
            let request = service.client.request(method.parse().unwrap(), url);
            request.header("authorization", format!("Bearer {token}")).body("").send()
        };
        assert_eq!(request("wrong").await.unwrap().status(), 401, "{what}");
        assert_eq!(request("secret").await.unwrap().status(), 200, "{what}");
    }
}
