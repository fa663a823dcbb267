//! Wallets: what people see of themselves, what an app's server may do with a credential, and that money leaves once.

use hongbao_store::faulty::Fault;
use hongbao_wire::endpoint::TRANSFERS;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::claims::refusal;
use crate::rig::{APP, MERCHANT, OPENID, OTHER_OPENID, Rig, element};

type Reply = (StatusCode, Value);

/// A credential with these scopes; its token.
pub(super) async fn credential(rig: &Rig, app: &str, id: &str, scopes: &[&str]) -> String {
    let body = json!({ "id": id, "scopes": scopes });
    let (status, reply) = rig.admin("POST", &format!("/admin/apps/{app}/credentials"), Some(&body)).await;
    assert_eq!(status, StatusCode::CREATED, "{reply}");
    reply["token"].as_str().unwrap().to_owned()
}

/// Calls the people's door with a token, of either kind.
pub(super) async fn call(rig: &Rig, method: &str, path: &str, token: &str, body: Option<&Value>) -> Reply {
    let url = format!("http://{}{path}", rig.addresses.plain.unwrap());
    let mut request = rig.http.request(method.parse().unwrap(), url).bearer_auth(token);
    if let Some(body) = body {
        request = request.json(body);
    }
    let reply = request.send().await.unwrap();
    let status = reply.status();
    (status, serde_json::from_str(&reply.text().await.unwrap()).unwrap_or(Value::Null))
}

/// Who somebody is, and nothing else.
pub(super) fn identity(rig: &Rig, openid: &str) -> String {
    let mut claims = rig.assertion_claims("", &json!({ "sub": openid }));
    claims.as_object_mut().unwrap().remove("packet");
    rig.assertion_of(&claims)
}

async fn own(rig: &Rig, path: &str, openid: &str) -> Value {
    let (status, reply) = call(rig, "GET", path, &identity(rig, openid), None).await;
    assert_eq!(status, StatusCode::OK, "{reply}");
    reply
}

/// A packet of 1000 fen to the person of the samples.
pub(super) async fn sent(rig: &Rig, bill_no: &str) -> String {
    element(&rig.send(&[("mch_billno", bill_no)]).await, "send_listid").to_owned()
}

/// A transfer of this much.
pub(super) async fn paid(rig: &Rig, trade_no: &str, openid: &str, fen: &str) -> String {
    let reply = rig.call(&TRANSFERS, &[("partner_trade_no", trade_no), ("openid", openid), ("amount", fen)]).await;
    element(&reply, "payment_no").to_owned()
}

pub(super) async fn hold(rig: &Rig, token: &str, reference: &str, openid: &str, fen: i64) -> Reply {
    let body = json!({ "reference": reference, "openid": openid, "amount_fen": fen });
    call(rig, "POST", &format!("/apps/{APP}/withdrawals"), token, Some(&body)).await
}

pub(super) async fn settle(rig: &Rig, token: &str, reference: &str, how: &str, by: &str) -> Reply {
    let path = format!("/apps/{APP}/withdrawals/{reference}/{how}");
    call(rig, "POST", &path, token, Some(&json!({ "reference": by }))).await
}

fn sums(balance: i64, received: i64, withdrawn: i64, held: i64) -> Value {
    json!({ "balance_fen": balance, "received_fen": received, "withdrawn_fen": withdrawn, "held_fen": held })
}

#[tokio::test]
async fn what_comes_in_is_seen_held_and_paid_out_or_given_back() {
    let rig = Rig::start().await;
    let token = credential(&rig, APP, "backend", &["wallets", "withdrawals"]).await;
    assert_eq!(own(&rig, "/wallet", OPENID).await, sums(0, 0, 0, 0));
    let packet = sent(&rig, "1").await;
    rig.claim(&packet, OPENID).await;
    rig.clock.advance(1000);
    let transfer = paid(&rig, "2", OPENID, "500").await;
    assert_eq!(own(&rig, "/wallet", OPENID).await, sums(1500, 1500, 0, 0));

    rig.clock.advance(1000);
    let (status, held) = hold(&rig, &token, "W1", OPENID, 700).await;
    let expected = json!({ "openid": OPENID, "reference": "W1", "amount_fen": 700, "status": "held", "at": "2014-11-11T04:00:02Z" });
    assert_eq!((status, &held), (StatusCode::OK, &expected));
    assert_eq!(hold(&rig, &token, "W1", OPENID, 700).await, (StatusCode::OK, expected.clone()));
    assert_eq!(own(&rig, "/wallet", OPENID).await, sums(800, 1500, 0, 700));
    let (status, other) = hold(&rig, &token, "W1", OPENID, 701).await;
    assert_eq!(other["details"]["stored"], expected);
    assert_eq!(refusal((status, other)), (409, "reference_taken".to_owned()));
    let (status, short) = hold(&rig, &token, "W2", OPENID, 801).await;
    assert_eq!(short["details"]["balance_fen"], 800);
    assert_eq!(refusal((status, short)), (409, "insufficient_balance".to_owned()));
    assert_eq!(hold(&rig, &token, "W2", OPENID, 300).await.0, StatusCode::OK);

    rig.clock.advance(1000);
    let (_, confirmed) = settle(&rig, &token, "W1", "confirm", "bank-1").await;
    assert_eq!((&confirmed["status"], &confirmed["operator_reference"]), (&json!("confirmed"), &json!("bank-1")));
    assert_eq!(confirmed["settled_at"], "2014-11-11T04:00:03Z");
    assert_eq!(settle(&rig, &token, "W1", "confirm", "bank-1").await, (StatusCode::OK, confirmed.clone()));
    for (how, by) in [("confirm", "bank-2"), ("cancel", "bank-1")] {
        let (status, settled) = settle(&rig, &token, "W1", how, by).await;
        assert_eq!(settled["details"]["stored"], confirmed);
        assert_eq!(refusal((status, settled)), (409, "already_settled".to_owned()));
    }
    let (_, cancelled) = settle(&rig, &token, "W2", "cancel", "bank-3").await;
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(call(&rig, "GET", &format!("/apps/{APP}/withdrawals/W2"), &token, None).await.1, cancelled);
    assert_eq!(own(&rig, "/wallet", OPENID).await, sums(800, 1500, 700, 0));
    let of = format!("/apps/{APP}/people/{OPENID}/wallet");
    assert_eq!(call(&rig, "GET", &of, &token, None).await, (StatusCode::OK, sums(800, 1500, 700, 0)));

    let entries = own(&rig, "/wallet/entries", OPENID).await;
    let kinds: Vec<_> = entries["rows"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["withdrawal", "withdrawal", "transfer", "share"]);
    assert_eq!((&entries["rows"][0]["reference"], &entries["rows"][1]["status"]), (&json!("W2"), &json!("confirmed")));
    assert_eq!(
        (&entries["rows"][2]["packet_id"], &entries["rows"][3]["packet_id"]),
        (&json!(transfer), &json!(packet))
    );
    rig.assert_books(2).await;
}

#[tokio::test]
async fn a_history_is_read_page_by_page_and_only_ones_own() {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "limits": { "amount_max_fen": 20_000 } })).await;
    let token = credential(&rig, APP, "backend", &["wallets", "withdrawals"]).await;
    let mut expected = Vec::new();
    for number in 1..=4 {
        rig.clock.advance(1000);
        let packet = sent(&rig, &number.to_string()).await;
        if number != 3 {
            rig.claim(&packet, OPENID).await;
        }
        expected.insert(0, (packet, number != 3));
        hold(&rig, &token, &format!("W.{number}"), OPENID, 10).await;
    }
    paid(&rig, "5", OTHER_OPENID, "500").await;
    rig.send(&[("mch_billno", "6"), ("total_amount", "9000")]).await;

    let page = async |path: &str, openid: &str, limit: usize, before: &Value| {
        let before = before.as_str().map(|before| format!("&before={before}")).unwrap_or_default();
        own(&rig, &format!("{path}?limit={limit}{before}"), openid).await
    };
    let whole = page("/wallet/entries", OPENID, 100, &Value::Null).await;
    assert_eq!((whole["rows"].as_array().unwrap().len(), &whole["next"]), (7, &Value::Null));
    for limit in [1, 2, 3] {
        let (mut rows, mut next) = (Vec::new(), Value::Null);
        loop {
            let reply = page("/wallet/entries", OPENID, limit, &next).await;
            rows.extend(reply["rows"].as_array().unwrap().clone());
            next = reply["next"].clone();
            if next.is_null() {
                break;
            }
        }
        assert_eq!(json!(rows), whole["rows"], "pages of {limit}");
    }
    let (mut packets, mut next) = (Vec::new(), Value::Null);
    loop {
        let reply = page("/wallet/packets", OPENID, 3, &next).await;
        packets.extend(reply["rows"].as_array().unwrap().clone());
        next = reply["next"].clone();
        if next.is_null() {
            break;
        }
    }
    let opened = |row: &Value| (row["packet_id"].as_str().unwrap().to_owned(), !row["opened"].is_null());
    assert_eq!(packets.iter().map(opened).collect::<Vec<_>>(), expected, "not what only landed");
    assert_eq!((&packets[1]["status"], &packets[0]["status"]), (&json!("sent"), &json!("received")));
    assert_eq!((&packets[0]["sender_name"], &packets[0]["merchant_id"]), (&json!("天虹百货"), &json!(MERCHANT)));
    assert_eq!(packets[0]["opened"], json!({ "amount_fen": 1000, "at": "2014-11-11T04:00:04Z" }));

    let (first, _) = &expected[0];
    assert_eq!(page("/wallet/entries", OTHER_OPENID, 9, &json!(format!("{first}~W.1"))).await["rows"], json!([]));
    assert_eq!(page("/wallet/packets", OTHER_OPENID, 9, &json!(first)).await["rows"], json!([]));
    let theirs = page("/wallet/entries", OTHER_OPENID, 9, &Value::Null).await;
    assert_eq!((theirs["rows"].as_array().unwrap().len(), &theirs["rows"][0]["amount_fen"]), (1, &json!(500)));
    for query in ["limit=0", "limit=x", "before=x", "before=1", "before=1~2~3", "before=~a%20b", "page=2"] {
        let reply = call(&rig, "GET", &format!("/wallet/entries?{query}"), &identity(&rig, OPENID), None).await;
        assert_eq!(refusal(reply), (400, "invalid_request".to_owned()), "{query}");
    }
    // Who only shows that they may open a packet is not asked about their wallet.
    let reply = call(&rig, "GET", "/wallet", &rig.assertion(first, &json!({})), None).await;
    assert_eq!(refusal(reply), (401, "assertion_elsewhere".to_owned()));
    assert_eq!(refusal(call(&rig, "GET", "/wallet", &token, None).await), (401, "assertion_unreadable".to_owned()));
}

#[tokio::test]
async fn a_credential_counts_for_its_app_and_its_scopes_until_it_is_revoked() {
    let rig = Rig::start().await;
    rig.put_app("wx0", json!({})).await;
    let own = credential(&rig, APP, "backend", &["wallets"]).await;
    assert_eq!((own.len(), &own[..3]), (46, "hb_"));
    let other = credential(&rig, "wx0", "backend", &["wallets", "withdrawals", "erasure"]).await;
    let paying = credential(&rig, APP, "payout", &["withdrawals"]).await;
    assert_ne!(own, other);
    let wallet = format!("/apps/{APP}/people/{OPENID}/wallet");
    let look = async |token: &str| call(&rig, "GET", &wallet, token, None).await;
    assert_eq!(look(&own).await, (StatusCode::OK, sums(0, 0, 0, 0)));
    let wrong = (401, "credential_wrong".to_owned());
    let assertion = identity(&rig, OPENID);
    let changed = format!("{}A", &own[..own.len() - 1]);
    for token in ["", "hb_", "nonsense", &other, &assertion, &own[..45], &format!("{own}A"), &own[3..]] {
        assert_eq!(refusal(look(token).await), wrong, "{token}");
    }
    if changed != own {
        assert_eq!(refusal(look(&changed).await), wrong);
    }
    assert_eq!(refusal(look(&paying).await), (403, "scope_missing".to_owned()));
    assert_eq!(refusal(hold(&rig, &own, "W1", OPENID, 1).await), (403, "scope_missing".to_owned()));
    assert_eq!(refusal(hold(&rig, &paying, "W1", OPENID, 1).await), (409, "insufficient_balance".to_owned()));
    assert_eq!(refusal(call(&rig, "GET", "/apps/wx9/people/o/wallet", &own, None).await), wrong);

    // An operator sees them, not their tokens; storing the app again neither loses nor makes any.
    let (_, app) = rig.get(&format!("/admin/apps/{APP}")).await;
    let expected = json!([{ "id": "backend", "scopes": ["wallets"] }, { "id": "payout", "scopes": ["withdrawals"] }]);
    assert_eq!(app["credentials"], expected);
    rig.put_app(APP, json!({ "kind": "mini_program" })).await;
    let patch = json!({ "registered_only": false });
    rig.admin("PATCH", &format!("/admin/apps/{APP}"), Some(&patch)).await;
    let forged = json!({ "credentials": [] });
    let (status, _) = rig.admin("PATCH", &format!("/admin/apps/{APP}"), Some(&forged)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(rig.get(&format!("/admin/apps/{APP}")).await.1["credentials"], expected);
    assert_eq!(look(&own).await.0, StatusCode::OK);

    let revoke = format!("/admin/apps/{APP}/credentials/backend");
    assert_eq!(rig.admin("DELETE", &revoke, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(refusal(look(&own).await), wrong);
    let (status, reply) = rig.admin("DELETE", &revoke, None).await;
    assert_eq!((status.as_u16(), &reply["error"]["code"]), (404, &json!("no_such_credential")));
    let again = credential(&rig, APP, "backend", &["wallets"]).await;
    assert!(again != own && look(&again).await.0 == StatusCode::OK && refusal(look(&own).await) == wrong);

    // It counts by real time.
    let body = json!({ "id": "short", "scopes": ["wallets"], "valid_until": "2014-11-11T04:00:01Z" });
    let (_, short) = rig.admin("POST", &format!("/admin/apps/{APP}/credentials"), Some(&body)).await;
    let short = short["token"].as_str().unwrap();
    assert_eq!(look(short).await.0, StatusCode::OK);
    rig.clock.advance(1000);
    assert_eq!(refusal(look(short).await), wrong);

    for (body, code) in [
        (json!({ "id": "backend", "scopes": ["wallets"] }), "credential_exists"),
        (json!({ "id": "x", "scopes": [] }), "invalid_request"),
        (json!({ "id": "x", "scopes": ["all"] }), "invalid_request"),
        (json!({ "id": "a b", "scopes": ["wallets"] }), "invalid_request"),
        (json!({ "id": "x", "scopes": ["wallets"], "token": "hb_x" }), "invalid_request"),
        (json!({ "id": "x", "scopes": ["wallets"], "valid_until": "soon" }), "invalid_request"),
    ] {
        let (_, reply) = rig.admin("POST", &format!("/admin/apps/{APP}/credentials"), Some(&body)).await;
        assert_eq!(reply["error"]["code"], code, "{body}");
    }
    let (_, reply) =
        rig.admin("POST", "/admin/apps/wx9/credentials", Some(&json!({ "id": "x", "scopes": ["wallets"] }))).await;
    assert_eq!(reply["error"]["code"], "no_such_app");
}

#[tokio::test]
async fn fifty_withdrawals_at_once_take_no_more_than_there_is() {
    let rig = Rig::start().await;
    let token = credential(&rig, APP, "backend", &["withdrawals"]).await;
    paid(&rig, "1", OPENID, "1000").await;
    let (rig, mut calls) = (std::sync::Arc::new(rig), tokio::task::JoinSet::new());
    for number in 0..50 {
        let (rig, token) = (rig.clone(), token.clone());
        calls.spawn(async move { hold(&rig, &token, &format!("W{number}"), OPENID, 90).await });
    }
    let mut held = 0;
    for (status, reply) in calls.join_all().await {
        match status {
            StatusCode::OK => held += 1,
            _ => assert_eq!(refusal((status, reply)), (409, "insufficient_balance".to_owned())),
        }
    }
    assert_eq!((held, rig.wallet(OPENID).await), (11, 10));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn bad_input_moves_nothing_and_is_not_quoted() {
    let rig = Rig::start().await;
    let token = credential(&rig, APP, "backend", &["wallets", "withdrawals"]).await;
    paid(&rig, "1", OPENID, "1000").await;
    let path = format!("/apps/{APP}/withdrawals");
    for body in [
        json!({}),
        json!([]),
        json!("x"),
        json!({ "reference": "W1", "openid": OPENID, "amount_fen": 0 }),
        json!({ "reference": "W1", "openid": OPENID, "amount_fen": -1 }),
        json!({ "reference": "W1", "openid": OPENID, "amount_fen": 1.5 }),
        json!({ "reference": "W1", "openid": OPENID, "amount_fen": "10" }),
        json!({ "reference": "W 13800138000", "openid": OPENID, "amount_fen": 10 }),
        json!({ "reference": "", "openid": OPENID, "amount_fen": 10 }),
        json!({ "reference": "W1", "openid": "13800138000@", "amount_fen": 10 }),
        json!({ "reference": "W1", "openid": OPENID, "amount_fen": 10, "13800138000": 1 }),
    ] {
        let reply = call(&rig, "POST", &path, &token, Some(&body)).await;
        assert!(!reply.1.to_string().contains("13800138000"), "{}", reply.1);
        assert!(reply.1["details"]["why"].is_string(), "{}", reply.1);
        assert_eq!(refusal(reply), (400, "invalid_request".to_owned()), "{body}");
    }
    let missing = (404, "no_such_withdrawal".to_owned());
    assert_eq!(refusal(settle(&rig, &token, "W1", "confirm", "P1").await), missing);
    assert_eq!(refusal(settle(&rig, &token, "a%20b", "confirm", "P1").await), missing);
    assert_eq!(refusal(call(&rig, "GET", &format!("{path}/W1"), &token, None).await), missing);
    hold(&rig, &token, "W1", OPENID, 10).await;
    assert_eq!(refusal(settle(&rig, &token, "W1", "confirm", "not a reference").await).0, 400);
    let nobody = call(&rig, "GET", &format!("/apps/{APP}/people/a%20b/wallet"), &token, None).await;
    assert_eq!(refusal(nobody), (400, "invalid_request".to_owned()));
    assert_eq!(own(&rig, "/wallet", OPENID).await, sums(990, 1000, 0, 10));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_is_unknown_and_the_same_call_again_moves_it_once() {
    let rig = Rig::start().await;
    let token = credential(&rig, APP, "backend", &["withdrawals"]).await;
    paid(&rig, "1", OPENID, "1000").await;
    let impatient = rig.impatient(hongbao_store::LaneBounds::default()).await;
    rig.faults.plan([Fault::Held]);
    let url = format!("http://{}/apps/{APP}/withdrawals", impatient.addresses().plain.unwrap());
    let body = json!({ "reference": "W1", "openid": OPENID, "amount_fen": 600 });
    let reply = rig.http.post(url).bearer_auth(&token).json(&body).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
    let reply: Value = reply.json().await.unwrap();
    assert_eq!((&reply["code"], &reply["money_moved"]), (&json!("unknown"), &json!("unknown")));
    rig.faults.release();
    impatient.stop().await;
    assert_eq!(hold(&rig, &token, "W1", OPENID, 600).await.1["status"], "held");
    assert_eq!(rig.wallet(OPENID).await, 400);
    rig.assert_books(1).await;
}
