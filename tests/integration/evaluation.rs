//! `photocheck eval` on the fixtures: its figures are those of the same pipeline.

use std::cmp::Ordering;
use std::fmt::Write;

use serde_json::Value;

use crate::support::{checker, fixture, fixture_path, fixtures, photocheck, temporary_db};
use photocheck::core::detector::Synthetic;
use photocheck::core::index::Index;

#[test]
fn eval_counts_what_the_pipeline_says() {
    let (folder, db) = temporary_db();
    let labels = folder.path().join("labels.csv");
    let mut csv = String::from("path,label,source,generator\n");
    let (mut abstained, mut scores) = (0, Vec::new());
    for photo in fixtures().photo {
        let path = fixture_path(&photo.path).display().to_string();
        writeln!(csv, "{path},{},fixtures,x", photo.label).unwrap();
        let report = checker().check(&fixture(&photo.path), &Index::default()).unwrap();
        match report.signals.synthetic {
            Synthetic::Evaluated { score, .. } => scores.push((photo.label, score.value())),
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
