//! `photocheck eval` on the fixtures: its figures are those of the same pipeline.

use std::cmp::Ordering;
use std::fmt::Write;

use serde_json::Value;

use crate::support::{
    checker, fixture, fixture_path, fixtures, model_like_the_bundled, photocheck, temporary_db,
};
use photocheck_core::evaluation::edits::Edit;
use photocheck_core::matching::index::{Index, Scope};
use photocheck_core::signals::Synthetic;

#[test]
fn eval_counts_what_the_pipeline_says() {
    let (folder, db) = temporary_db();
    let labels = folder.path().join("labels.csv");
    let mut csv = String::from("path,label,source,generator\n");
    let (mut abstained, mut scores) = (0, Vec::new());
    for photo in fixtures().photo {
        let path = fixture_path(&photo.path).display().to_string();
        writeln!(csv, "{path},{},fixtures,x", photo.label).unwrap();
        let report =
            checker().check(&fixture(&photo.path), &Index::default(), &Scope::Everything).unwrap();
        match report.signals.synthetic {
            Synthetic::Evaluated(found) => scores.push((photo.label, found.score.value())),
            _ => abstained += 1,
        }
    }
    csv += "no-such.jpg,0,missing,x\n";
    std::fs::write(&labels, csv).unwrap();

    let output = photocheck(&db, ["eval", labels.to_str().unwrap(), "--json"]);
    assert!(output.status.success(), "{output:?}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let summary = &found["summary"];
    assert_eq!((&summary["photos"], &summary["refused"]), (&7.into(), &1.into()));
    assert_eq!(summary["abstained"], abstained);
    let pairs: Vec<f64> = scores
        .iter()
        .filter(|(label, _)| *label == 1)
        .flat_map(|(_, ai)| {
            scores.iter().filter(|(label, _)| *label == 0).map(move |(_, real)| {
                match real.total_cmp(ai) {
                    Ordering::Less => 1.0,
                    Ordering::Equal => 0.5,
                    Ordering::Greater => 0.0,
                }
            })
        })
        .collect();
    let auroc = pairs.iter().sum::<f64>() / f64::from(u32::try_from(pairs.len()).unwrap());
    assert!((summary["auroc"].as_f64().unwrap() - auroc).abs() < 1e-9, "{summary}");
    let sources = found["sources"].as_array().unwrap();
    assert_eq!(sources.len(), 3, "the real and the AI-made fixtures, and the missing photo");

    let table = photocheck(&db, ["eval", labels.to_str().unwrap()]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("AUROC") && table.contains("fixtures"), "{table}");
}

#[test]
fn eval_measures_robustness_and_names_photos_that_change_side() {
    let (folder, db) = temporary_db();
    let labels = folder.path().join("labels.csv");
    let mut csv = String::from("path,label,source\n");
    for photo in fixtures().photo {
        let path = fixture_path(&photo.path).display().to_string();
        writeln!(csv, "{path},{},<fixtures>", photo.label).unwrap();
    }
    std::fs::write(&labels, csv).unwrap();
    let (labels, page) = (labels.to_str().unwrap(), folder.path().join("page.html"));
    let before = model_like_the_bundled(&folder, |description| {
        let bias = description.split_once("bias = ").unwrap().1.lines().next().unwrap();
        let higher: f64 = bias.parse::<f64>().unwrap() + 3.0;
        let named = format!("name = \"{}\"", checker().model());
        description.replacen(&named, "name = \"another\"", 1).replacen(
            &format!("bias = {bias}"),
            &format!("bias = {higher}"),
            1,
        )
    });
    let args = ["--robustness", "--json", "--photos", "3", "--html", page.to_str().unwrap()];
    let args = ["eval", labels, "--against", before.to_str().unwrap()].into_iter().chain(args);
    let output = photocheck(&db, args);
    assert!(output.status.success(), "{output:?}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["summary"]["photos"], 3);
    let edits = found["robustness"].as_array().unwrap();
    assert_eq!(edits.len(), Edit::TRAVELS.len());
    assert_eq!(edits[0]["edit"], "jpeg-95");
    assert!(edits.iter().all(|edit| edit["photos"] == 3), "{edits:?}");
    let names: Vec<&str> = edits.iter().map(|edit| edit["edit"].as_str().unwrap()).collect();
    for overlay in ["overlay-text", "overlay-logo", "overlay-tile", "overlay"] {
        assert!(names.contains(&overlay), "{names:?}");
    }
    let against = &found["against"];
    assert_eq!(against["model"], "another");
    for changed in against["changed"].as_array().unwrap() {
        let number = |of: &Value| of.as_f64().unwrap();
        let ours = number(&against["threshold"]) <= number(&changed["score"]);
        let theirs = number(&against["other_threshold"]) <= number(&changed["other_score"]);
        assert_ne!(ours, theirs, "{changed}");
    }
    let page = std::fs::read_to_string(page).unwrap();
    for part in ["Robustness", "Against another", "&lt;fixtures&gt;", "polyline", "overlay-tile"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<fixtures>"));

    let output = photocheck(&db, ["eval", labels, "--against", "no-such-folder"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("no-such-folder"), "{error}");
}

#[test]
fn labels_that_are_no_labels_are_refused_by_line() {
    let (folder, db) = temporary_db();
    let labels = folder.path().join("labels.csv");
    let args = ["eval", labels.to_str().unwrap()];
    for (csv, said) in [
        ("path,label,source\na.jpg,2,x\n", "line 2: label 2"),
        ("path,source\na.jpg,x\n", "label"),
        ("path,label,source\n", "no row"),
    ] {
        std::fs::write(&labels, csv).unwrap();
        let output = photocheck(&db, args);
        assert_eq!(output.status.code(), Some(2), "{csv:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(said), "{error}");
    }
}
