//! What is kept of a person, and how it is forgotten while the books stay.

use hongbao_engine::directory::PersonId;
use hongbao_store::Store;
use hongbao_store::faulty::Fault;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::claims::refusal;
use super::wallet::{call, credential, hold, paid, sent, settle};
use crate::rig::{APP, DAY_MS, OPENID, OTHER_OPENID, Rig};

const ALL: [&str; 3] = ["wallets", "withdrawals", "erasure"];

async fn export(rig: &Rig, token: &str, before: Option<&str>) -> Value {
    let before = before.map(|before| format!("?before={before}")).unwrap_or_default();
    let (status, document) =
        call(rig, "GET", &format!("/apps/{APP}/people/{OPENID}/export{before}"), token, None).await;
    assert_eq!(status, StatusCode::OK, "{document}");
    document
}

async fn erase(rig: &Rig, token: &str) -> (StatusCode, Value) {
    call(rig, "DELETE", &format!("/apps/{APP}/people/{OPENID}"), token, None).await
}

/// Somebody with packets opened and not, a transfer, and withdrawals; all that came in was paid out.
async fn somebody(rig: &Rig, token: &str) {
    rig.put(&format!("/admin/apps/{APP}/openids/{OPENID}"), &json!({ "blocked": false })).await;
    for bill_no in ["1", "2"] {
        let packet = sent(rig, bill_no).await;
        rig.claim(&packet, OPENID).await;
    }
    sent(rig, "3").await;
    paid(rig, "4", OPENID, "500").await;
    rig.send(&[("mch_billno", "5"), ("total_amount", "9000")]).await;
    for (reference, fen) in [("W1", 2000), ("W2", 500)] {
        hold(rig, token, reference, OPENID, fen).await;
        assert_eq!(settle(rig, token, reference, "confirm", "P1").await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_person_s_data_is_one_document() {
    let rig = Rig::start().await;
    let token = credential(&rig, APP, "backend", &ALL).await;
    somebody(&rig, &token).await;
    let document = export(&rig, &token, None).await;
    assert_eq!((&document["openid"], &document["app_id"]), (&json!(OPENID), &json!(APP)));
    assert_eq!(
        (&document["registered"], &document["blocked"], &document["next"]),
        (&json!(true), &json!(false), &Value::Null)
    );
    assert_eq!(document["wallet"]["withdrawn_fen"], 2500);
    let count = |name: &str| document[name].as_array().unwrap().len();
    assert_eq!((count("entries"), count("packets")), (5, 5), "what only landed and transfers too");
    assert_eq!(document["packets"][0]["status"], "sending");
    let nobody = format!("/apps/{APP}/people/{OTHER_OPENID}/export");
    let (_, nobody) = call(&rig, "GET", &nobody, &token, None).await;
    assert_eq!(
        (&nobody["registered"], &nobody["entries"], &nobody["packets"]),
        (&json!(false), &json!([]), &json!([]))
    );
    let bad = call(&rig, "GET", &format!("/apps/{APP}/people/{OPENID}/export?before=1~2"), &token, None).await;
    assert_eq!(refusal(bad), (400, "invalid_request".to_owned()));
    let other = credential(&rig, APP, "payout", &["withdrawals", "erasure"]).await;
    let refused = call(&rig, "GET", &format!("/apps/{APP}/people/{OPENID}/export"), &other, None).await;
    assert_eq!(refusal(refused), (403, "scope_missing".to_owned()));
}

#[tokio::test]
async fn a_long_history_is_exported_in_several_documents() {
    let rig = Rig::start().await;
    rig.top_up("T2", 100_000).await;
    rig.put_merchant(json!({ "limits": { "recipient_packets_per_day": 2000, "packets_per_second": 2000 } })).await;
    let token = credential(&rig, APP, "backend", &ALL).await;
    for number in 0..260 {
        paid(&rig, &format!("T{number}"), OPENID, "100").await;
        hold(&rig, &token, &format!("W{number}"), OPENID, 100).await;
        settle(&rig, &token, &format!("W{number}"), "confirm", "P").await;
    }
    let first = export(&rig, &token, None).await;
    let second = export(&rig, &token, Some(first["next"].as_str().unwrap())).await;
    let count = |document: &Value, name: &str| document[name].as_array().unwrap().len();
    assert_eq!((count(&first, "entries"), count(&second, "entries")), (500, 20));
    assert_eq!((count(&first, "packets"), count(&second, "packets")), (260, 0));
    assert_eq!(second["next"], Value::Null);
    // And is forgotten in several steps.
    assert_eq!(erase(&rig, &token).await.0, StatusCode::NO_CONTENT);
    assert_eq!(count(&export(&rig, &token, None).await, "entries"), 0);
    rig.assert_books(260).await;
}

#[tokio::test]
async fn who_is_erased_is_found_nowhere_and_every_fen_stays_in_its_place() {
    let rig = Rig::start().await;
    let token = credential(&rig, APP, "backend", &ALL).await;
    somebody(&rig, &token).await;
    let packet = sent(&rig, "6").await;
    rig.claim(&packet, OPENID).await;
    let (status, reply) = erase(&rig, &token).await;
    assert_eq!(reply["details"], json!({ "balance_fen": 1000, "held_fen": 0 }));
    assert_eq!(refusal((status, reply)), (409, "wallet_not_empty".to_owned()));
    hold(&rig, &token, "W3", OPENID, 1000).await;
    let (status, reply) = erase(&rig, &token).await;
    assert_eq!(reply["details"], json!({ "balance_fen": 0, "held_fen": 1000 }));
    assert_eq!(refusal((status, reply)), (409, "wallet_not_empty".to_owned()));
    assert_eq!(export(&rig, &token, None).await["entries"].as_array().unwrap().len(), 7, "nothing was changed");
    settle(&rig, &token, "W3", "confirm", "P1").await;
    let (_, before) = rig.get("/admin/audit").await;

    let reading = credential(&rig, APP, "reading", &["wallets"]).await;
    assert_eq!(refusal(erase(&rig, &reading).await), (403, "scope_missing".to_owned()));
    assert_eq!(erase(&rig, &token).await.0, StatusCode::NO_CONTENT);
    let document = export(&rig, &token, None).await;
    assert_eq!((&document["entries"], &document["packets"]), (&json!([]), &json!([])));
    assert_eq!((&document["registered"], &document["wallet"]["received_fen"]), (&json!(false), &json!(0)));
    assert_eq!(rig.get(&format!("/admin/apps/{APP}/openids/{OPENID}")).await.0, StatusCode::NOT_FOUND);
    let (_, after) = rig.get("/admin/audit").await;
    assert_eq!(after, before, "the same postings, the same sums, clean");

    // The merchant's queries show somebody whom nobody knows; the numbers stay used, and move nothing.
    let query = rig.query("1").await;
    assert!(query.contains("RECEIVED") && !query.contains(OPENID) && query.contains("<![CDATA[x"), "{query}");
    assert!(rig.send(&[("mch_billno", "1")]).await.contains("FATAL_ERROR"));
    let (_, stored) = hold(&rig, &token, "W1", OPENID, 2000).await;
    assert!(stored["code"] == "reference_taken" && !stored.to_string().contains(OPENID), "{stored}");
    assert_eq!(refusal(rig.claim(&packet, OPENID).await), (403, "not_the_recipient".to_owned()));
    rig.clock.advance(DAY_MS);
    assert_eq!(rig.expire().await, (1, 1), "what they had not opened goes back");
    assert_eq!(erase(&rig, &token).await.0, StatusCode::NO_CONTENT, "once more finds nothing");
    // Whoever is sent something under that name afterwards is somebody new.
    let packet = sent(&rig, "7").await;
    assert_eq!(rig.claim(&packet, OPENID).await.0, StatusCode::OK);
    assert_eq!(rig.wallet(OPENID).await, 1000);
    rig.assert_books(7).await;
}

#[tokio::test]
async fn an_erasure_that_is_interrupted_goes_on_with_the_next_call() {
    let rig = Rig::start().await;
    let token = credential(&rig, APP, "backend", &ALL).await;
    somebody(&rig, &token).await;
    let waiting = sent(&rig, "6").await;
    // Two steps are taken, then the store can't be reached.
    rig.faults.plan([Fault::Held, Fault::Held, Fault::Unavailable, Fault::Unavailable, Fault::Unavailable]);
    rig.faults.release();
    rig.faults.release();
    let (status, reply) = erase(&rig, &token).await;
    assert_eq!((status, &reply["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")), "{reply}");
    rig.faults.plan([]);
    rig.assert_books(6).await;
    assert_eq!(refusal(rig.claim(&waiting, OPENID).await), (409, "being_erased".to_owned()));
    rig.faults.plan([Fault::UnknownApplied; 3]);
    assert_eq!(erase(&rig, &token).await.0, StatusCode::NO_CONTENT);
    let person = PersonId { app: APP.parse().unwrap(), openid: OPENID.parse().unwrap() };
    assert_eq!(rig.store.packets_to(&person, None, 9).await.unwrap().rows, []);
    // The last answer is lost, when there is nobody left to begin with.
    rig.faults.plan([Fault::Held, Fault::UnknownApplied]);
    rig.faults.release();
    assert_eq!(erase(&rig, &token).await.0, StatusCode::NO_CONTENT);
    rig.assert_books(6).await;
}
