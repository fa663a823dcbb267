//! The operator's door: who may come in, what goes in, and what never comes out.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::rig::{APP, DAY_MS, KEY, MERCHANT, NOON, Rig};

fn code((status, body): &(StatusCode, Value)) -> (u16, &str) {
    (status.as_u16(), body["error"]["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn nobody_comes_in_without_the_token() {
    let rig = Rig::start().await;
    let url = format!("http://{}/admin/merchants/{MERCHANT}", rig.addresses.admin.unwrap());
    let http = reqwest::Client::new();
    for token in [None, Some(""), Some("a-token-of-at-least-thirty-two-character"), Some("Bearer")] {
        let mut request = http.get(&url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{token:?}");
    }
    let merchants = format!("http://{}/admin/merchants/{MERCHANT}", rig.addresses.plain.unwrap());
    assert_eq!(http.get(merchants).send().await.unwrap().status(), StatusCode::NOT_FOUND, "not on the merchants' door");
}

#[tokio::test]
async fn a_merchant_comes_out_without_its_keys() {
    let rig = Rig::start().await;
    let (status, merchant) = rig.get(&format!("/admin/merchants/{MERCHANT}")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!merchant.to_string().contains(KEY), "{merchant}");
    assert_eq!((&merchant["name"], &merchant["keys"]), (&json!("天虹百货"), &json!([{}])));
    assert_eq!(merchant["limits"]["amount_max_fen"], json!(20_000));
    assert_eq!(code(&rig.get("/admin/merchants/99").await), (404, "no_such_merchant"));
    assert_eq!(code(&rig.get("/admin/apps/wx0").await), (404, "no_such_app"));
}

#[tokio::test]
async fn bad_input_is_named_and_leaves_nothing_behind() {
    let rig = Rig::empty().await;
    let short = json!({ "keys": [{ "key": "CANARYKEY0123456789abcdef012345" }] });
    let reply = rig.put("/admin/merchants/1", &short).await;
    assert_eq!(code(&reply), (400, "invalid_request"));
    assert!(!reply.1.to_string().contains("CANARY"), "{}", reply.1);
    let merchants = [
        json!({}),
        json!([]),
        json!({ "keys": [KEY] }),
        json!({ "keys": [{ KEY: 1 }] }),
        json!({ KEY: [] }),
        json!(KEY),
        json!({ "keys": [{ "key": KEY, "valid_til": "2014-11-11T00:00:00Z" }] }),
        json!({ "keys": [], "limits": { "amount_min_fen": 500, "amount_max_fen": 100 } }),
        json!({ "keys": [], "unknown": 1 }),
        json!({ "keys": [], "certificates": [{ "pem": "nonsense" }] }),
        json!({ "keys": [], "mode": "loose" }),
        json!({ "keys": [], "limits": { "amount_min_fen": -1 } }),
        json!({ "keys": [{ "key": KEY, "valid_from": "yesterday" }] }),
        json!({ "keys": [{ "key": KEY, "valid_from": KEY }] }),
        json!({ "keys": [{ "key": KEY, "valid_from": "2014-11-11T00:00:00Z", "valid_until": "2014-11-11T00:00:00Z" }] }),
    ];
    for body in merchants {
        let reply = rig.put("/admin/merchants/1", &body).await;
        assert!(reply.0.is_client_error(), "{body}: {}", reply.1);
        assert_eq!(reply.1["error"]["money_moved"], json!("no"), "{body}");
        assert!(!reply.1.to_string().contains("CANARY"), "{}", reply.1);
    }
    assert_eq!(
        code(&rig.put("/admin/merchants/1?replace=perhaps", &json!({ "keys": [] })).await),
        (400, "invalid_request")
    );
    assert_eq!(code(&rig.put("/admin/merchants/x", &json!({ "keys": [] })).await), (400, "invalid_request"));
    assert_eq!(code(&rig.get("/admin/merchants/1").await), (404, "no_such_merchant"));
    let (p384, ed25519) = (public_key(&rcgen::PKCS_ECDSA_P384_SHA384), public_key(&rcgen::PKCS_ED25519));
    for keys in [
        json!([{ "id": "k", "public_key_pem": "nonsense" }]),
        json!([{ "id": "k", "public_key_pem": p384 }]),
        json!([{ "id": "k", "public_key_pem": ed25519 }, { "id": "k", "public_key_pem": ed25519 }]),
        json!([{ "id": "k", "public_key_pem": ed25519, "valid_til": "2014-11-11T00:00:00Z" }]),
    ] {
        let reply = rig.put("/admin/apps/wx1", &json!({ "keys": keys })).await;
        assert_eq!(code(&reply), (400, "invalid_request"), "{keys}");
    }
    for amount in [json!(0), json!(-1), json!("100"), json!(1.5)] {
        let body = json!({ "reference": "T", "merchant_id": "1", "amount_fen": amount });
        assert!(rig.admin("POST", "/admin/top-ups", Some(&body)).await.0.is_client_error(), "{amount}");
    }
    rig.assert_books(0).await;
}

#[tokio::test]
async fn a_top_up_happens_once_for_each_reference() {
    let rig = Rig::start().await;
    let body = |fen: i64| json!({ "reference": "T9", "merchant_id": MERCHANT, "amount_fen": fen });
    let first = rig.admin("POST", "/admin/top-ups", Some(&body(700))).await;
    let expected =
        json!({ "reference": "T9", "merchant_id": MERCHANT, "amount_fen": 700, "at": "2014-11-11T04:00:00Z" });
    assert_eq!(first, (StatusCode::OK, expected.clone()));
    rig.clock.advance(DAY_MS);
    assert_eq!(rig.admin("POST", "/admin/top-ups", Some(&body(700))).await, first);
    let reused = rig.admin("POST", "/admin/top-ups", Some(&body(701))).await;
    assert_eq!(code(&reused), (409, "reference_reused"));
    assert_eq!(reused.1["error"]["details"]["stored"], expected);
    let unknown = json!({ "reference": "T10", "merchant_id": "99", "amount_fen": 1 });
    assert_eq!(code(&rig.admin("POST", "/admin/top-ups", Some(&unknown)).await), (404, "no_such_merchant"));
    assert_eq!(rig.funds().await, 5700);
    rig.assert_books(0).await;
}

#[tokio::test]
async fn the_clock_of_a_sandbox_goes_forward() {
    let rig = Rig::start().await;
    let put = async |to: &str| rig.put("/admin/clock", &json!({ "to": to })).await;
    let later = "2014-11-12T12:00:00+08:00";
    assert_eq!(put(later).await, (StatusCode::OK, json!({ "now": "2014-11-12T04:00:00Z" })));
    assert_eq!(put(later).await.0, StatusCode::OK, "said twice, it is done once");
    assert_eq!(rig.get("/admin/clock").await.1, json!({ "now": "2014-11-12T04:00:00Z" }));
    assert_eq!(code(&put("2014-11-11T12:00:00+08:00").await), (409, "backwards"));
    assert_eq!(code(&put("soon").await), (400, "invalid_request"));
    rig.clock.set(NOON.plus_millis(1000));
    assert_eq!(rig.get("/admin/clock").await.1, json!({ "now": "2014-11-12T04:00:01Z" }));
}

#[tokio::test]
async fn an_app_says_who_may_send_to_its_people() {
    let rig = Rig::start().await;
    let (_, app) = rig.get(&format!("/admin/apps/{APP}")).await;
    assert_eq!(app["merchants"], json!([MERCHANT]));
    let conflict = rig.put(&format!("/admin/apps/{APP}"), &json!({ "merchants": [] })).await;
    assert_eq!(code(&conflict), (409, "exists"));
    let path = format!("/admin/apps/{APP}?replace=true");
    assert_eq!(rig.put(&path, &json!({ "merchants": [] })).await.0, StatusCode::NO_CONTENT);
    let reply = rig.send(&[]).await;
    assert_eq!(crate::rig::element(&reply, "err_code_des"), "参数错误:商户号和wxappid不匹配.");
}

#[tokio::test]
async fn health_says_what_the_store_is() {
    let rig = Rig::empty().await;
    assert_eq!(rig.get("/admin/health").await, (StatusCode::OK, json!({ "kind": "sandbox", "currency": "CNY" })));
}

#[tokio::test]
async fn a_merchant_that_is_changed_keeps_the_keys_and_certificates_that_are_left_out() {
    let rig = Rig::start().await;
    let path = format!("/admin/merchants/{MERCHANT}?replace=true");
    assert_eq!(rig.put(&path, &json!({ "name": "天虹百货", "frozen": true })).await.0, StatusCode::NO_CONTENT);
    let (_, merchant) = rig.get(&format!("/admin/merchants/{MERCHANT}")).await;
    assert_eq!((&merchant["frozen"], &merchant["keys"]), (&json!(true), &json!([{}])));
    let reply = rig.send(&[]).await;
    assert_eq!(crate::rig::element(&reply, "err_code"), "PAYER_ACCOUNT_ABNORMAL", "the key still counts");
}

#[tokio::test]
async fn an_operator_learns_the_openid_of_a_person() {
    let rig = Rig::empty().await;
    let openid = crate::rig::OPENID;
    let (status, person) = rig.get(&format!("/admin/apps/{APP}/people/{openid}")).await;
    assert_eq!((status, person), (StatusCode::OK, json!({ "openid": openid })), "in a sandbox, everybody is himself");
    assert_eq!(code(&rig.get(&format!("/admin/apps/{APP}/people/a%20b")).await), (400, "invalid_request"));
}

fn public_key(algorithm: &'static rcgen::SignatureAlgorithm) -> String {
    rcgen::KeyPair::generate_for(algorithm).unwrap().public_key_pem()
}
