//! Scores of photos by day: what machines add up, and how far it lies from the model's card.

use std::collections::BTreeMap;

use photocheck::app::models;
use photocheck::clock;
use photocheck::store::{SCORE_DAYS_KEPT, Store, TenantDay};
use photocheck::tenancy::{TenantId, TenantName};
use photocheck_core::evaluation::drift::{CardScores, PHOTOS_MIN, ScoreBin, ScoreCounts};
use photocheck_core::signals::Score;
use serde_json::Value;
use temp_dir::TempDir;

use crate::store::{Database, databases};
use crate::support::{Place, model_like_the_bundled, photocheck, root};

const MODEL: &str = "synthetic-8";

/// Writes down that a tenant had so many photos with this score on a day.
pub async fn add_scores(store: &Store, tenant: TenantId, day: i64, score: f32, photos: u64) {
    let mut counts = ScoreCounts::default();
    counts.add(ScoreBin::of(Score::new(score).unwrap()), photos);
    let scores = BTreeMap::from([(TenantDay { tenant, day }, counts)]);
    store.add_scores(MODEL, &scores).await.unwrap();
}

fn bundled() -> CardScores {
    models::load_card_scores(None).unwrap().unwrap()
}

#[tokio::test]
async fn what_machines_count_adds_up_by_tenant_and_day() {
    for Database { kind, store, .. } in &databases().await {
        let today = clock::today();
        let other = TenantName::new("other").unwrap();
        let other = store.create_tenant(&other, 1).await.unwrap().id;
        for (tenant, day, score, photos) in [
            (TenantId::DEFAULT, today, 0.3, 2),
            (TenantId::DEFAULT, today, 0.3, 5),
            (TenantId::DEFAULT, today, 0.99, 1),
            (TenantId::DEFAULT, today - 1, 0.99, 1),
            (TenantId::DEFAULT, today - i64::from(SCORE_DAYS_KEPT), 0.1, 9),
            (other, today, 0.7, 11),
            // A tenant that was erased meanwhile.
            (TenantId(99), today, 0.7, 11),
        ] {
            add_scores(store, tenant, day, score, photos).await;
        }
        let totals = async |tenant, from| -> Vec<(i64, u64)> {
            let days = store.scores_of(tenant, MODEL, from).await.unwrap();
            days.into_iter().map(|(day, counts)| (today - day, counts.total())).collect()
        };
        let kept = i64::from(SCORE_DAYS_KEPT);
        assert_eq!(totals(TenantId::DEFAULT, 0).await, [(kept, 9), (1, 1), (0, 8)], "{kind}");
        assert_eq!(totals(TenantId::DEFAULT, today).await, [(0, 8)], "{kind}");
        assert_eq!(totals(other, 0).await, [(0, 11)], "{kind}");
        assert_eq!(totals(TenantId(99), 0).await, [], "{kind}");
        let by_another = store.scores_of(other, "another model", 0).await.unwrap();
        assert!(by_another.is_empty(), "{kind}");
        let of_today = store.scores_on(today, MODEL).await.unwrap();
        assert_eq!(of_today.len(), 2, "{kind}");
        assert_eq!(of_today[&other].total(), 11, "{kind}");
        store.delete_old_scores(today).await.unwrap();
        assert_eq!(totals(TenantId::DEFAULT, 0).await, [(1, 1), (0, 8)], "{kind}");
    }
}

#[tokio::test]
async fn the_command_tells_days_like_the_card_from_others() {
    let place = Place::in_file();
    let store = Store::open(&place.url).await.unwrap();
    let (card, today) = (bundled(), clock::today());
    // Three photos to one that is AI-made, and more than must be there.
    let times = PHOTOS_MIN.div_ceil(card.real.total());
    let mut mixed = ScoreCounts::default();
    for (counts, times) in [(&card.real, 3 * times), (&card.ai_made, times)] {
        for (bin, count) in counts.bins() {
            mixed.add(bin, times * count);
        }
    }
    let day = TenantDay { tenant: TenantId::DEFAULT, day: today - 2 };
    store.add_scores(MODEL, &BTreeMap::from([(day, mixed)])).await.unwrap();
    add_scores(&store, TenantId::DEFAULT, today - 1, 0.55, PHOTOS_MIN).await;
    add_scores(&store, TenantId::DEFAULT, today, 0.01, PHOTOS_MIN - 1).await;
    store.close().await;

    let run = |args: &[&str]| {
        let output = photocheck(&place.url, args.iter().copied());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let found: Value = serde_json::from_str(&run(&["drift", "--days", "3", "--json"])).unwrap();
    let levels: Vec<_> = [0, 1, 2].map(|day| found["days"][day]["level"].clone()).into();
    assert_eq!(levels, ["as_measured", "drifted", "not_enough"], "{found}");
    let (real, ai) = (3 * times * card.real.total(), times * card.ai_made.total());
    assert_eq!(found["days"][0]["photos"], real + ai);
    let share = found["days"][0]["ai_share"].as_f64().unwrap();
    let [all, ai_made] = [real + ai, ai].map(|count| f64::from(u32::try_from(count).unwrap()));
    assert!((share * all - ai_made).abs() < 0.15 * ai_made, "{found}");
    assert_eq!(found["together"]["photos"], real + ai + 2 * PHOTOS_MIN - 1);
    assert!(found["days"][2]["distance"].is_null(), "{found}");
    let text = run(&["drift", "--days", "3"]);
    for said in ["as the model was measured", "drifted: ", "499         -         -  not enough"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let days = photocheck(&place.url, ["drift", "--days", "181"]);
    assert!(String::from_utf8(days.stderr).unwrap().contains("181 is not in 1..=180"));
    let nobody = photocheck(&place.url, ["drift", "--tenant", "nobody"]);
    assert!(!nobody.status.success());
}

/// A model that an operator names may have scores beside it, and they must be its own.
#[test]
fn scores_of_another_model_do_not_load() {
    let folder = TempDir::new().unwrap();
    let model = model_like_the_bundled(&folder, |text| text.replacen(MODEL, "another", 1));
    assert_eq!(models::load_card_scores(Some(&model)).unwrap(), None);
    let scores = root().join("models").join(MODEL).join("scores.toml");
    let scores = std::fs::read_to_string(scores).unwrap();
    std::fs::write(model.join("scores.toml"), &scores).unwrap();
    let refused = models::load_card_scores(Some(&model)).unwrap_err();
    assert!(format!("{refused:#}").contains("it is of synthetic-8, and the model is another"));
    let own = scores.replacen(MODEL, "another", 1);
    std::fs::write(model.join("scores.toml"), own).unwrap();
    assert_eq!(models::load_card_scores(Some(&model)).unwrap().unwrap().real, bundled().real);
}
