//! What banks are for and what opinions of their photos do, as every way to check shows it.

use serde_json::{Value, json};

use crate::support::{Service, codes, fixture, fixture_path, photo_form, photocheck, temporary_db};

const STOLEN: &str = "photos/real-collins.png";

/// Runs the real binary, which must succeed, and returns what it printed.
fn done(db: &str, args: &[&str]) -> String {
    let output = photocheck(db, args.iter().copied());
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn checked(db: &str) -> Value {
    let path = fixture_path(STOLEN);
    let output = photocheck(db, ["check", "--json", path.to_str().unwrap()]);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// One photo in banks of every kind, through the command line: who outranks whom.
#[test]
fn the_platforms_own_word_outranks_what_was_imported() {
    let (_folder, db) = temporary_db();
    let path = fixture_path(STOLEN);
    let path = path.to_str().unwrap();
    let add = |bank: &str| done(&db, &["bank", "add", bank, path]);

    done(&db, &["bank", "create", "SHARED", "--imported"]);
    add("SHARED");
    let report = checked(&db);
    assert_eq!((&report["verdict"], codes(&report)[0]), (&"fake".into(), "KNOWN_PHOTO"));
    let found = &report["evidence"]["matches"][0];
    assert_eq!((&found["purpose"], &found["imported"]), (&"known_fake".into(), &true.into()));
    assert_eq!(found["opinion"], "confirmed");

    done(&db, &["bank", "create", "SHARED_ALLOW", "--purpose", "allow", "--imported"]);
    add("SHARED_ALLOW");
    let report = checked(&db);
    assert_eq!((&report["verdict"], codes(&report)[0]), (&"clear".into(), "ALLOWED_PHOTO"));
    assert!(codes(&report).contains(&"KNOWN_PHOTO"), "still told: {report}");

    done(&db, &["bank", "create", "OWN"]);
    add("OWN");
    let report = checked(&db);
    assert_eq!((&report["verdict"], codes(&report)[0]), (&"fake".into(), "KNOWN_PHOTO"));
    assert!(codes(&report).contains(&"ALLOWED_PHOTO"), "still told: {report}");

    done(&db, &["bank", "create", "OWN_ALLOW", "--purpose", "allow"]);
    add("OWN_ALLOW");
    let report = checked(&db);
    assert_eq!((&report["verdict"], codes(&report)[0]), (&"clear".into(), "ALLOWED_PHOTO"));
    assert_eq!(report["evidence"]["matches"].as_array().unwrap().len(), 4);

    let list = done(&db, &["bank", "list"]);
    let expected = "OWN\tknown_fake\t1 photos\nOWN_ALLOW\tallow\t1 photos\n\
        SHARED\tknown_fake, imported\t1 photos\nSHARED_ALLOW\tallow, imported\t1 photos\n";
    assert_eq!(list, expected);
}

#[test]
fn an_opinion_changes_what_a_match_says() {
    let (_folder, db) = temporary_db();
    let path = fixture_path(STOLEN);
    done(&db, &["bank", "create", "OWN"]);
    let added = [
        "bank",
        "add",
        "OWN",
        path.to_str().unwrap(),
        "--opinion",
        "unsure",
        "--external-id",
        "case-12",
        "--disabled",
    ];
    done(&db, &added);
    assert_eq!(
        done(&db, &["bank", "show", "OWN"]),
        "1\tquality 100\tunsure\tdisabled\tcase-12\t\n"
    );
    assert_eq!(checked(&db)["evidence"]["matches"], json!([]));

    let line = done(&db, &["bank", "set", "OWN", "1", "--enable", "--note", "seen in chat"]);
    assert_eq!(line, "1\tquality 100\tunsure\tenabled\tcase-12\tseen in chat\n");
    for (opinion, verdict, code) in [
        ("unsure", Some("suspect"), "KNOWN_PHOTO_UNSURE"),
        ("confirmed", Some("fake"), "KNOWN_PHOTO"),
        ("disputed", None, "KNOWN_PHOTO_DISPUTED"),
    ] {
        done(&db, &["bank", "set", "OWN", "1", "--opinion", opinion]);
        let report = checked(&db);
        assert_eq!(codes(&report)[0], code);
        match verdict {
            Some(verdict) => assert_eq!(report["verdict"], verdict),
            None => assert!(report["verdict"] != "fake" && report["verdict"] != "suspect"),
        }
    }
    done(&db, &["bank", "set", "OWN", "1", "--disable"]);
    assert_eq!(checked(&db)["evidence"]["matches"], json!([]));

    for (args, said) in [
        (vec!["bank", "set", "OWN", "1"], "required"),
        (vec!["bank", "set", "OWN", "1", "--enable", "--disable"], "cannot be used with"),
        (vec!["bank", "set", "OWN", "2", "--enable"], "bank OWN has no content 2"),
        (vec!["bank", "create", "OTHER", "--purpose", "scam"], "known_fake, allow, seen"),
    ] {
        let output = photocheck(&db, args.clone());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(said), "{args:?}: {error}");
    }
}

/// The same over HTTP, beside a live index: each change shows in the very next check.
#[tokio::test]
async fn a_change_shows_in_the_next_lookup() {
    let service = Service::start().await;
    let created = service.create_bank_for("OWN", "known_fake", false).await;
    assert_eq!((&created["purpose"], &created["imported"]), (&"known_fake".into(), &false.into()));
    let added = service.bank_photo("OWN", fixture(STOLEN)).await;
    let url = service.at(&format!("/v1/banks/OWN/contents/{}", added["content_id"]));
    let change = async |body: Value| {
        let answer = service.client.patch(&url).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap())
    };
    let check = async || -> Value { service.check(fixture(STOLEN)).await.json().await.unwrap() };
    assert_eq!(check().await["verdict"], "fake");

    let (status, content) = change(json!({"opinion": "unsure", "external_id": "x-1"})).await;
    assert_eq!((status, &content["opinion"]), (200, &"unsure".into()));
    assert_eq!((&content["external_id"], &content["note"]), (&"x-1".into(), &"".into()));
    let report = check().await;
    assert_eq!((&report["verdict"], codes(&report)[0]), (&"suspect".into(), "KNOWN_PHOTO_UNSURE"));
    assert_eq!(report["evidence"]["matches"][0]["opinion"], "unsure");

    assert_eq!(change(json!({"enabled": false})).await.1["enabled"], false);
    assert_eq!(check().await["evidence"]["matches"], json!([]));
    assert_eq!(change(json!({"enabled": true})).await.1["enabled"], true);
    assert_eq!(check().await["evidence"]["matches"].as_array().unwrap().len(), 1);

    for (body, status, code) in [
        (json!({"opinion": "true"}), 422, "OPINION_NOT_VALID"),
        (json!({"external_id": "x".repeat(257)}), 422, "EXTERNAL_ID_TOO_LONG"),
        (json!({"note": "a\nb"}), 422, "NOTE_NOT_PLAIN"),
        (json!({"pdq": "00"}), 422, "BAD_REQUEST"),
    ] {
        let (found, problem) = change(body).await;
        assert_eq!((found, &problem["code"]), (status, &code.into()), "{problem}");
    }
    assert_eq!(check().await["verdict"], "suspect", "what was refused changed nothing");
}

#[tokio::test]
async fn the_fields_of_a_form_go_with_the_photo() {
    let service = Service::start().await;
    service.create_bank("OWN").await;
    let send = async |fields: &[(&'static str, &'static str)]| {
        let mut form = photo_form(fixture(STOLEN));
        for (name, value) in fields {
            form = form.text(*name, *value);
        }
        let url = service.at("/v1/banks/OWN/contents");
        let answer = service.client.post(url).multipart(form).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, problem) = send(&[("enabled", "maybe")]).await;
    assert_eq!((status, &problem["code"]), (422, &"ENABLED_NOT_VALID".into()));
    let (status, problem) = send(&[("opinion", "sure")]).await;
    assert_eq!((status, &problem["code"]), (422, &"OPINION_NOT_VALID".into()));
    let fields = [
        ("opinion", "disputed"),
        ("enabled", "false"),
        ("external_id", "x-1"),
        ("note", "by mail"),
    ];
    assert_eq!(send(&fields).await.0, 201);
    let url = service.at("/v1/banks/OWN/contents");
    let page: Value = service.client.get(url).send().await.unwrap().json().await.unwrap();
    let content = &page["contents"][0];
    for (name, value) in [
        ("opinion", json!("disputed")),
        ("enabled", json!(false)),
        ("external_id", json!("x-1")),
        ("note", json!("by mail")),
        ("matchable", json!(true)),
    ] {
        assert_eq!(content[name], value, "{name}");
    }
}

#[tokio::test]
async fn a_purpose_that_is_none_and_a_photo_without_an_account_are_refused() {
    let service = Service::start().await;
    let url = service.at("/v1/banks");
    let body = json!({"name": "OWN", "purpose": "scam"});
    let answer = service.client.post(&url).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 422);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "PURPOSE_NOT_VALID");

    service.create_bank_for("SEEN", "seen", false).await;
    let url = service.at("/v1/banks/SEEN/contents");
    let answer = service.client.post(url).body(fixture(STOLEN)).send().await.unwrap();
    assert_eq!(answer.status(), 409);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "BANK_OF_SIGHTINGS");
}

/// A plain colour is banked and never found, and the command line says so.
#[test]
fn a_photo_without_detail_is_said_not_to_be_looked_up() {
    let (_folder, db) = temporary_db();
    done(&db, &["bank", "create", "OWN"]);
    let plain = fixture_path("edge/plain-colour.png");
    let lines = done(&db, &["bank", "add", "OWN", plain.to_str().unwrap()]);
    let expected = "not looked up\t1\ttoo little detail: its quality is 0, the least is 50\n";
    assert!(lines.starts_with("added\t1\t") && lines.ends_with(expected), "{lines}");
}
