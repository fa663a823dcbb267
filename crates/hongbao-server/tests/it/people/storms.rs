//! Whoever comes for a packet that is finished is answered without the store, unless they may have opened a share of it.

use std::sync::Arc;

use hongbao_server::{PeopleLimits, Rate};
use hongbao_store::faulty::Fault;
use hongbao_wire::endpoint::SENDGROUPREDPACK;
use reqwest::StatusCode;
use serde_json::json;
use tokio::task::JoinSet;

use crate::people::claims::refusal;
use crate::rig::{BILL_NO, DAY_MS, OPENID, Rig, element};

/// A packet of three shares, the first one opened: its number, and the token of its link.
async fn opened(rig: &Rig) -> (String, String) {
    let changes = [("total_amount", "900"), ("total_num", "3")];
    let packet = element(&rig.call(&SENDGROUPREDPACK, &changes).await, "send_listid").to_owned();
    let (_, share) = rig.claim(&packet, OPENID).await;
    (packet, share["link"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_packet_that_is_sold_out_is_answered_from_memory() {
    let rig = Arc::new(Rig::start().await);
    let (packet, link) = opened(&rig).await;
    rig.claim_by_link(&packet, "bob", &link).await;
    rig.claim_by_link(&packet, "carol", &link).await;
    let first = refusal(rig.claim_by_link(&packet, "dave", &link).await);
    assert_eq!(first, (409, "exhausted".to_owned()));

    // Whatever goes to the store from here on is counted.
    rig.faults.plan([]);
    let reads = rig.faults.packet_reads();
    let mut calls = JoinSet::new();
    for person in 0..200 {
        let (rig, packet, link) = (rig.clone(), packet.clone(), link.clone());
        calls.spawn(async move { rig.claim_by_link(&packet, &format!("o{person}"), &link).await });
    }
    for answer in calls.join_all().await {
        assert_eq!(refusal(answer), (409, "exhausted".to_owned()));
    }
    assert_eq!(refusal(rig.claim(&packet, "erin").await), (403, "not_the_recipient".to_owned()), "without the link");
    let (_, seen) = rig.person("GET", "", &packet, "dave", Some(&link)).await;
    assert_eq!((&seen["claimed_count"], seen["shares"].as_array().unwrap().len()), (&json!(3), 3));
    assert_eq!((seen["shares"][0]["place"].clone(), &seen["mine"]), (json!(3), &json!(null)));
    assert_eq!(refusal(rig.person("GET", "", &packet, "erin", None).await), (403, "not_the_recipient".to_owned()));
    assert_eq!((rig.faults.tries().len(), rig.faults.packet_reads() - reads), (0, 0));

    // Those who have a share get it again, and it comes from the store.
    for person in [OPENID, "bob", "carol"] {
        let (status, share) = rig.claim_by_link(&packet, person, &link).await;
        assert_eq!((status, &share["is_replay"]), (StatusCode::OK, &json!(true)), "{share}");
        let (_, seen) = rig.person("GET", "", &packet, person, Some(&link)).await;
        assert_eq!(seen["mine"]["amount_fen"], share["amount_fen"]);
    }
    assert_eq!(rig.faults.tries().len(), 3);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_packet_that_is_merely_late_goes_to_the_store_until_its_money_went_back() {
    let rig = Rig::start().await;
    let (packet, link) = opened(&rig).await;
    rig.clock.advance(DAY_MS);
    rig.faults.plan([]);
    for tries in 1..=3 {
        assert_eq!(refusal(rig.claim_by_link(&packet, "bob", &link).await), (410, "expired".to_owned()));
        assert_eq!(rig.faults.tries().len(), tries);
    }
    assert_eq!(rig.expire().await, (1, 0));
    assert_eq!(refusal(rig.claim_by_link(&packet, "bob", &link).await), (410, "expired".to_owned()));
    rig.faults.plan([Fault::Unavailable]);
    assert_eq!(refusal(rig.claim_by_link(&packet, "bob", &link).await), (410, "expired".to_owned()));
    assert_eq!(refusal(rig.claim_by_link(&packet, "carol", &link).await), (410, "expired".to_owned()));
    assert_eq!(rig.faults.tries().len(), 0);
    assert_eq!(element(&rig.query(BILL_NO).await, "status"), "REFUND");
}

#[tokio::test]
async fn one_who_calls_too_often_is_refused_and_nothing_is_lost() {
    // A token a second comes back: on the slowest machine a call more may pass.
    let limits = PeopleLimits { per_person: Some(Rate::new(1, 3)), ..PeopleLimits::default() };
    let rig = Rig::with_people(limits).await;
    let (packet, link) = opened(&rig).await;
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(rig.claim_by_link(&packet, "bob", &link).await);
    }
    assert_eq!(refusal(answers.pop().unwrap()), (429, "too_often".to_owned()));
    assert!(answers[..3].iter().all(|(status, _)| *status == StatusCode::OK));
    let (status, _) = rig.claim_by_link(&packet, "carol", &link).await;
    assert_eq!(status, StatusCode::OK, "each person for themselves");

    let limits = PeopleLimits { per_packet: Some(Rate::new(1, 2)), ..PeopleLimits::default() };
    let rig = Rig::with_people(limits).await;
    let (packet, link) = opened(&rig).await;
    let mut refused = 0;
    for person in 0..20 {
        let (status, reply) = rig.claim_by_link(&packet, &format!("o{person}"), &link).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!((&reply["code"], &reply["money_moved"]), (&json!("too_often"), &json!("no")));
            refused += 1;
        }
    }
    assert!(refused > 10, "{refused}");
    rig.assert_books(1).await;
}
