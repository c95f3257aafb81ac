//! `photocheck eval-matching` on the fixtures: it measures every edit by every method, and finds
//! what any of them must find.

use std::sync::Arc;

use image::RgbImage;
use serde_json::Value;

use crate::support::{checker, fixture, fixture_path, half_size_jpeg, photocheck, temporary_db};
use photocheck_core::bank::{BankFacts, BankId, Purpose};
use photocheck_core::evaluation::edits::{Edit, Random};
use photocheck_core::faces::Faces;
use photocheck_core::matching::index::{ContentId, Index, Scope};
use photocheck_core::photo::Photo;
use photocheck_core::signals::Match;

/// The program's answer about the fixtures, with these further arguments.
fn measured(more: &[&str]) -> Value {
    let (_folder, db) = temporary_db();
    let photos = fixture_path("photos").display().to_string();
    let args = ["eval-matching", &photos, "--json"].into_iter().chain(more.iter().copied());
    let output = photocheck(&db, args);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn edit<'a>(method: &'a Value, name: &str) -> &'a Value {
    let edits = method["edits"].as_array().unwrap();
    edits.iter().find(|edit| edit["edit"] == name).unwrap()
}

fn facts() -> BankFacts {
    let (id, purpose) = (BankId(1), Purpose::KnownFake);
    BankFacts { id, name: "ALL".into(), purpose, imported: false }
}

fn matches(pixels: &RgbImage, index: &Index) -> Vec<Match> {
    checker().matches(&checker().views(pixels), index, &Scope::Everything)
}

#[test]
fn eval_matching_measures_every_edit_by_every_method() {
    let (folder, _) = temporary_db();
    let page = folder.path().join("page.html");
    let found = measured(&["--html", page.to_str().unwrap()]);
    assert_eq!((&found["photos"], &found["refused"]), (&6.into(), &Value::Array(vec![])));
    assert_eq!(found["known_copies"], Value::Array(vec![]));
    let methods = found["methods"].as_array().unwrap();
    let names: Vec<&Value> = methods.iter().map(|method| &method["method"]).collect();
    assert_eq!(names, ["photocheck", "pdq", "phash", "dhash"]);
    for method in methods {
        for edit in method["edits"].as_array().unwrap() {
            let square = edit["edit"] == "square-centred";
            // Of three of the photos the middle square is all.
            assert_eq!(edit["photos"], if square { 3 } else { 6 }, "{edit}");
        }
        assert_eq!(method["edits"].as_array().unwrap().len(), Edit::ALL.len());
        for certain in ["jpeg-75", "jpeg-40", "webp", "grey"] {
            assert_eq!(edit(method, certain)["found"], 6, "{method}");
        }
        assert_eq!(method["clean"]["pairs"], 6 * 5);
        assert_eq!(method["clean"]["false_matches"], 0, "{method}");
        assert_eq!(method["edited"]["pairs"], ((Edit::ALL.len() - 1) * 6 + 3) * 5);
    }
    assert_eq!(methods[0]["edited"]["false_matches"], 0, "{}", methods[0]);
    assert_eq!(found["false_matches"], Value::Array(vec![]));
    // A mirror is what one orientation of a whole photo cannot see.
    assert_eq!(edit(&methods[1], "mirror")["found"], 0);

    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(page.matches("<svg").count(), 3);
    for edit in Edit::ALL {
        assert!(page.contains(&format!("<td>{}</td>", edit.name())), "{}", edit.name());
    }
    // It needs nothing from elsewhere: the only address is the name of the drawing language.
    assert_eq!(page.matches("http").count(), page.matches("http://www.w3.org/2000/svg").count());
}

/// What is measured is what a check finds.
#[test]
fn a_check_finds_what_the_measurement_finds() {
    let photo = fixture("photos/real-hopper.jpg");
    let pixels = Photo::decode(&photo).unwrap();
    let views = checker().views(pixels.pixels());
    let entries = checker().matcher().entries(&views, ContentId(5), &Arc::new(facts()));
    let index = Index::new(entries, 1);
    let copy = half_size_jpeg(&photo, 50);
    let checked = checker().check(&copy, &index, &Scope::Everything).unwrap().signals.matches;
    let measured = matches(Photo::decode(&copy).unwrap().pixels(), &index);
    assert_eq!(checked, measured);
    assert!(measured.iter().any(|found| found.content == ContentId(5)), "{measured:?}");
}

#[test]
fn equal_seeds_give_equal_figures() {
    let first = measured(&["--photos", "2", "--seed", "7"]);
    assert_eq!(first["photos"], 2);
    assert_eq!(first, measured(&["--photos", "2", "--seed", "7"]));
    assert_ne!(first["methods"], measured(&["--photos", "2", "--seed", "8"])["methods"]);
}

#[test]
fn the_table_has_a_line_for_each_edit() {
    let (_folder, db) = temporary_db();
    let photos = fixture_path("photos").display().to_string();
    let output = photocheck(&db, ["eval-matching", &photos, "--photos", "2"]);
    let table = String::from_utf8(output.stdout).unwrap();
    for edit in Edit::ALL {
        let line = table.lines().find(|line| line.starts_with(&format!("{} ", edit.name())));
        assert!(line.is_some_and(|line| line.contains(" %")), "{}: {table}", edit.name());
    }
    for said in ["mean over the edits", "all chains of three", "false matches by photocheck"] {
        assert!(table.contains(said), "{table}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let (folder, db) = temporary_db();
    std::fs::write(folder.path().join("note.txt"), "no photo").unwrap();
    for (path, said) in [
        (folder.path().display().to_string(), "0 photos can be read, at least 2 are needed"),
        (fixture_path("photos/real-hopper.jpg").display().to_string(), "is not a folder"),
    ] {
        let output = photocheck(&db, ["eval-matching", &path]);
        assert_eq!(output.status.code(), Some(2), "{path}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(said), "{error}");
    }
}

/// Without a face to lay squares over, the picture's own keypoints are enough.
#[test]
fn a_photo_without_a_face_is_found_after_crops_turns_and_mirrors() {
    let photo = Photo::decode(&fixture("photos/real-coffee.jpg")).unwrap();
    let views = checker().views(photo.pixels());
    assert_eq!(views.faces, Faces::default());
    let index =
        Index::new(checker().matcher().entries(&views, ContentId(7), &Arc::new(facts())), 1);
    let edited =
        |edit: Edit, pixels: &RgbImage| edit.apply(pixels, &mut Random::seeded(3, 0, edit));
    for edit in [Edit::Crop(80), Edit::Crop(70), Edit::Turn(8), Edit::StoryFrame] {
        let copy = edited(edit, photo.pixels());
        for (mirrored, copy) in [(false, copy.clone()), (true, edited(Edit::Mirror, &copy))] {
            let found = matches(&copy, &index);
            let [found] = found.as_slice() else { panic!("{} {mirrored}", edit.name()) };
            assert_eq!((found.content, found.mirrored), (ContentId(7), mirrored), "{edit:?}");
            assert_eq!((found.view.name(), found.banked_view.name()), ("keypoint", "keypoint"));
        }
    }
}

/// What scammers do to a photo before they use it again; another photo stays another.
#[test]
fn copies_are_found_after_crops_frames_turns_and_mirrors() {
    let bank = Arc::new(facts());
    let decoded = |name: &str| Photo::decode(&fixture(name)).unwrap();
    let names = ["photos/real-hopper.jpg", "photos/ai-portrait-1.jpg"];
    let photos = names.map(decoded);
    let entries = photos.iter().zip(0..).flat_map(|(photo, id)| {
        checker().matcher().entries(&checker().views(photo.pixels()), ContentId(id), &bank)
    });
    let index = Index::new(entries.collect(), 1);
    for (photo, id) in photos.iter().zip(0..) {
        for edit in [
            Edit::Mirror,
            Edit::SquareCentred,
            Edit::Crop(80),
            Edit::Border(5),
            Edit::Letterbox,
            Edit::Turn(4),
            Edit::SmallJpeg(40),
        ] {
            let random = &mut Random::seeded(3, 0, edit);
            let edited = edit.apply(photo.pixels(), random);
            let found = matches(&edited, &index);
            let ids: Vec<_> = found.iter().map(|found| found.content.0).collect();
            assert_eq!(ids, [id], "{}", edit.name());
        }
    }
    let mirrored = Edit::Mirror.apply(photos[0].pixels(), &mut Random::seeded(3, 0, Edit::Mirror));
    assert!(matches(&mirrored, &index)[0].mirrored);
}
