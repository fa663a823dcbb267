//! Group packets: the first person, the link, the draw that anybody can check.

use std::sync::Arc;

use hongbao_engine::draw::{DrawRule, DrawSeed};
use hongbao_store::faulty::Fault;
use hongbao_types::Fen;
use hongbao_wire::endpoint::SENDGROUPREDPACK;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::claims::refusal;
use crate::rig::{APP, BILL_NO, DAY_MS, OPENID, Rig, element};

/// How many calls are under way: each has a connection of its own.
const AT_ONCE: usize = 500;

async fn sent(rig: &Rig, total: u32, shares: u32) -> String {
    let changes = [("total_amount", &*total.to_string()), ("total_num", &*shares.to_string())];
    element(&rig.call(&SENDGROUPREDPACK, &changes).await, "send_listid").to_owned()
}

/// Opens the first share; the token of the link.
async fn link(rig: &Rig, packet: &str) -> String {
    let (status, share) = rig.claim(packet, OPENID).await;
    assert_eq!((status, &share["place"]), (StatusCode::OK, &json!(1)), "{share}");
    share["link"].as_str().unwrap().to_owned()
}

fn shares(reply: &Value, rule: DrawRule) -> Vec<Fen> {
    let mut seed = [0; 32];
    hex::decode_to_slice(reply["draw"]["seed"].as_str().unwrap(), &mut seed).unwrap();
    let seed = DrawSeed::new(seed);
    assert_eq!(reply["draw"]["commitment"], hex::encode(seed.commitment()));
    let (total, count) = (&reply["total_fen"], &reply["share_count"]);
    let total = Fen::try_new(total.as_i64().unwrap()).unwrap();
    seed.shares(rule, total, count.as_u64().unwrap().try_into().unwrap()).unwrap()
}

#[tokio::test]
async fn a_group_packet_goes_from_the_first_person_to_whoever_has_the_link() {
    let rig = Rig::start().await;
    let packet = sent(&rig, 300, 3).await;
    let stranger = "bob";
    let someday = "0".repeat(32);
    assert_eq!(refusal(rig.claim(&packet, stranger).await), (403, "not_the_recipient".to_owned()));
    assert_eq!(refusal(rig.claim_by_link(&packet, stranger, &someday).await), (403, "link_wrong".to_owned()));
    let (_, before) = rig.person("GET", "", &packet, OPENID, None).await;
    assert_eq!((&before["status"], &before["mine"], &before["shares"]), (&json!("sent"), &json!(null), &json!([])));
    assert_eq!((&before["draw"]["seed"], &before["link"]), (&json!(null), &json!(null)));
    assert_eq!(refusal(rig.person("GET", "", &packet, stranger, None).await), (403, "not_the_recipient".to_owned()));

    let link = link(&rig, &packet).await;
    for at in [0, 15, 31] {
        let mut flipped = link.clone().into_bytes();
        flipped[at] = if flipped[at] == b'0' { b'1' } else { b'0' };
        let flipped = String::from_utf8(flipped).unwrap();
        assert_eq!(refusal(rig.claim_by_link(&packet, stranger, &flipped).await), (403, "link_wrong".to_owned()));
    }
    let other = element(&rig.call(&SENDGROUPREDPACK, &[("mch_billno", "B2")]).await, "send_listid").to_owned();
    assert_eq!(refusal(rig.claim_by_link(&other, stranger, &link).await), (403, "link_wrong".to_owned()));

    let (status, share) = rig.claim_by_link(&packet, stranger, &link).await;
    assert_eq!((status, &share["place"], &share["link"]), (StatusCode::OK, &json!(2), &json!(link)));
    let (_, again) = rig.claim(&packet, stranger).await;
    assert_eq!((&again["amount_fen"], &again["is_replay"]), (&share["amount_fen"], &json!(true)));
    let reply = rig.query(BILL_NO).await;
    assert_eq!(element(&reply, "status"), "RECEIVED");
    let (_, open) = rig.person("GET", "", &packet, "carol", Some(&link)).await;
    assert_eq!((&open["status"], &open["claimed_count"], &open["mine"]), (&json!("received"), &json!(2), &json!(null)));
    assert_eq!((&open["draw"]["seed"], open["shares"].as_array().unwrap().len()), (&json!(null), 2));
    assert!(open["shares"].as_array().unwrap().iter().all(|share| share["is_best"] == false));
    assert!(!open.to_string().contains(OPENID), "other people are shown in part: {open}");

    assert_eq!(rig.claim_by_link(&packet, "carol", &link).await.0, StatusCode::OK);
    assert_eq!(refusal(rig.claim_by_link(&packet, "dave", &link).await), (409, "exhausted".to_owned()));
    let (_, done) = rig.person("GET", "", &packet, "dave", Some(&link)).await;
    let drawn = shares(&done, DrawRule::Live);
    assert_eq!(done["draw"]["commitment"], before["draw"]["commitment"]);
    let listed: Vec<i64> =
        done["shares"].as_array().unwrap().iter().map(|s| s["amount_fen"].as_i64().unwrap()).collect();
    assert_eq!(listed, drawn.iter().rev().map(|share| share.as_i64()).collect::<Vec<_>>(), "the newest first");
    let best: Vec<&Value> =
        done["shares"].as_array().unwrap().iter().filter(|share| share["is_best"] == true).collect();
    assert_eq!((best.len(), best[0]["amount_fen"].as_i64()), (1, drawn.iter().max().map(|share| share.as_i64())));
    let query = rig.query(BILL_NO).await;
    let amounts: Vec<&str> = query.split("<amount>").skip(1).map(|rest| &rest[..rest.find('<').unwrap()]).collect();
    assert_eq!(amounts, listed.iter().map(ToString::to_string).collect::<Vec<_>>());
    rig.assert_books(2).await;
}

#[tokio::test]
async fn whoever_is_blocked_or_not_one_of_the_app_s_people_opens_nothing_new() {
    let rig = Rig::start().await;
    let packet = sent(&rig, 1000, 5).await;
    let link = link(&rig, &packet).await;
    assert_eq!(rig.claim_by_link(&packet, "bob", &link).await.0, StatusCode::OK);
    let block = async |person: &str, is_blocked: bool| {
        rig.put(&format!("/admin/apps/{APP}/openids/{person}"), &json!({ "blocked": is_blocked })).await;
    };
    block("bob", true).await;
    block("carol", true).await;
    assert_eq!(rig.claim_by_link(&packet, "bob", &link).await.1["is_replay"], true, "what they have stays theirs");
    assert_eq!(refusal(rig.claim_by_link(&packet, "carol", &link).await), (403, "blocked".to_owned()));
    block("carol", false).await;
    rig.put_app(APP, json!({ "registered_only": true })).await;
    assert_eq!(refusal(rig.claim_by_link(&packet, "dave", &link).await), (403, "not_registered".to_owned()));
    assert_eq!(rig.claim_by_link(&packet, "carol", &link).await.0, StatusCode::OK);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_claim_whose_commit_is_lost_is_told_as_the_first() {
    let rig = Rig::start().await;
    let packet = sent(&rig, 1000, 5).await;
    let link = link(&rig, &packet).await;
    for (person, faults) in [
        ("bob", vec![Fault::UnknownApplied]),
        ("carol", vec![Fault::UnknownNotApplied]),
        ("dave", vec![Fault::UnknownNotApplied, Fault::UnknownApplied, Fault::Unavailable]),
    ] {
        rig.faults.plan(faults);
        let (_, first) = rig.claim_by_link(&packet, person, &link).await;
        let (_, again) = rig.claim_by_link(&packet, person, &link).await;
        assert_eq!((&first["is_replay"], &again["is_replay"]), (&json!(false), &json!(true)), "{first}");
        assert_eq!(first["amount_fen"], again["amount_fen"]);
    }
    rig.assert_books(1).await;
}

#[tokio::test]
async fn what_nobody_opened_goes_back_and_the_seed_is_told_then() {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "draws": "shuffled" })).await;
    let packet = sent(&rig, 1000, 5).await;
    let link = link(&rig, &packet).await;
    rig.claim_by_link(&packet, "bob", &link).await;
    rig.clock.advance(DAY_MS);
    assert_eq!(refusal(rig.claim_by_link(&packet, "carol", &link).await), (410, "expired".to_owned()));
    let (_, over) = rig.person("GET", "", &packet, OPENID, None).await;
    assert_eq!((&over["status"], &over["draw"]["seed"]), (&json!("refunding"), &json!(null)));
    assert_eq!(rig.expire().await, (1, 0));
    let (_, done) = rig.person("GET", "", &packet, OPENID, None).await;
    assert_eq!(done["draw"]["rule"], "shuffled");
    let drawn = shares(&done, DrawRule::Shuffled);
    let opened: i64 = drawn.iter().take(2).map(|share| share.as_i64()).sum();
    assert_eq!(done["claimed_fen"], opened);
    let best = done["shares"].as_array().unwrap().iter().find(|share| share["is_best"] == true).unwrap();
    assert_eq!(best["amount_fen"].as_i64(), drawn.iter().take(2).max().map(|share| share.as_i64()), "of those opened");
    let reply = rig.query(BILL_NO).await;
    assert_eq!(element(&reply, "status"), "REFUND");
    assert_eq!(element(&reply, "refund_amount"), (1000 - opened).to_string());
    assert_eq!(rig.funds().await, 5000 - opened);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn shares_are_read_a_page_at_a_time() {
    let rig = Rig::start().await;
    let packet = sent(&rig, 1000, 5).await;
    let link = link(&rig, &packet).await;
    for person in ["bob", "carol", "dave"] {
        rig.claim_by_link(&packet, person, &link).await;
    }
    let page = async |query: &str| {
        let (_, reply) = rig.person("GET", query, &packet, OPENID, None).await;
        let places = reply["shares"].as_array().unwrap().iter().map(|share| share["place"].as_u64().unwrap());
        (places.collect::<Vec<_>>(), reply["next"].as_u64())
    };
    assert_eq!(page("").await, (vec![4, 3, 2, 1], None));
    assert_eq!(page("?limit=3").await, (vec![4, 3, 2], Some(2)));
    assert_eq!(page("?limit=3&before=2").await, (vec![1], None));
    assert_eq!(page("?limit=4").await, (vec![4, 3, 2, 1], None));
    assert_eq!(page("?limit=0").await, (vec![], None));
    let refused = rig.person("GET", "?limit=many", &packet, OPENID, None).await;
    assert_eq!(refusal(refused), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn ten_thousand_people_on_a_hundred_shares_are_paid_a_hundred_times() {
    let rig = Arc::new(Rig::start().await);
    rig.top_up("T2", 1_000_000).await;
    let packet = sent(&rig, 100_000, 100).await;
    let link = link(&rig, &packet).await;
    let (mut calls, at_once) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
    for person in 0..10_000 {
        let (rig, at_once, packet, link) = (rig.clone(), at_once.clone(), packet.clone(), link.clone());
        calls.spawn(async move {
            let _permit = at_once.acquire().await;
            rig.claim_by_link(&packet, &format!("o{person}"), &link).await
        });
    }
    let (mut paid, mut sum) = (0, 0);
    for (status, reply) in calls.join_all().await {
        if status == StatusCode::OK {
            paid += 1;
            sum += reply["amount_fen"].as_i64().unwrap();
        } else {
            assert_eq!((status.as_u16(), &reply["code"]), (409, &json!("exhausted")));
        }
    }
    let first = rig.wallet(OPENID).await;
    assert_eq!((paid, sum + first), (99, 100_000));
    assert_eq!(element(&rig.query(BILL_NO).await, "status"), "RECEIVED");
    rig.assert_books(1).await;
}

#[tokio::test]
async fn one_person_two_thousand_times_gets_one_share_and_equal_answers() {
    let rig = Arc::new(Rig::start().await);
    let packet = sent(&rig, 1000, 5).await;
    let link = link(&rig, &packet).await;
    let (mut calls, at_once) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
    for _ in 0..2000 {
        let (rig, at_once, packet, link) = (rig.clone(), at_once.clone(), packet.clone(), link.clone());
        calls.spawn(async move {
            let _permit = at_once.acquire().await;
            rig.claim_by_link(&packet, "bob", &link).await
        });
    }
    let mut first = Vec::new();
    let mut amounts = std::collections::BTreeSet::new();
    for (status, mut reply) in calls.join_all().await {
        assert_eq!(status, StatusCode::OK, "{reply}");
        first.extend((reply["is_replay"] == false).then_some(()));
        reply["is_replay"] = json!(true);
        amounts.insert(reply.to_string());
    }
    assert_eq!((first.len(), amounts.len()), (1, 1));
    rig.assert_books(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_against_the_refund_at_the_very_instant_is_one_of_the_two() {
    let rig = Arc::new(Rig::start().await);
    rig.put_merchant(json!({ "limits": { "packets_per_day": "unlimited" } })).await;
    rig.top_up("T2", 95_000).await;
    let mut claims = 0;
    for round in 0..100 {
        let person = format!("oxTWIuGaIt6gTKsQRLau2M0y{round:04}");
        let reply = rig.send(&[("mch_billno", &format!("B{round}")), ("re_openid", &person)]).await;
        let packet = element(&reply, "send_listid").to_owned();
        rig.clock.advance(DAY_MS - 1);
        // The instant comes while the claim is being written, or while both are on their way, a little later each time.
        let is_written = round % 2 == 0;
        rig.faults.plan(is_written.then_some(Fault::Held));
        let instant = async {
            if is_written {
                rig.faults.held().await;
            }
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            rig.clock.advance(1);
            let expired = rig.expire();
            if is_written {
                rig.faults.release();
            }
            expired.await
        };
        let (claim, expired) = tokio::join!(rig.claim(&packet, &person), instant);
        let refunds = expired.0 + rig.expire().await.0;
        let outcome = (claim.0.as_u16(), refunds, rig.wallet(&person).await);
        assert!(outcome == (200, 0, 1000) || outcome == (410, 1, 0), "{outcome:?}: {}", claim.1);
        claims += u32::from(outcome.0 == 200);
    }
    assert!((1..100).contains(&claims), "each was first at times: {claims} claims");
    rig.assert_books(100).await;
}
