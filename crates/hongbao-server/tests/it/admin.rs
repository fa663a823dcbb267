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
        json!({ "keys": [], "name": "a\0b" }),
        json!({ "keys": [], "limits": { "amount_min_fen": -1 } }),
        json!({ "keys": [], "limits": { "shares_max": 10_001 } }),
        json!({ "keys": [], "limits": { "shares_max": "unlimited" } }),
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
async fn what_is_changed_is_changed_and_the_rest_stays() {
    let rig = Rig::start().await;
    let path = format!("/admin/merchants/{MERCHANT}");
    let send = async |body: Value| rig.admin("PATCH", &path, Some(&body)).await;
    let changed = async |body: Value| {
        let reply = send(body).await;
        assert_eq!(reply.0, StatusCode::NO_CONTENT, "{}", reply.1);
        rig.get(&path).await.1
    };
    let mut known = rig.get(&path).await.1;
    for (name, value) in [
        ("name", json!("天虹商场")),
        ("entered_at", json!("2014-11-01T00:00:00Z")),
        ("sign_type", json!("MD5")),
        ("providers", json!(["10000097"])),
        ("products", json!(["group"])),
        ("mode", json!("strict")),
    ] {
        known[name] = value.clone();
        assert_eq!(changed(json!({ name: value })).await, known);
    }
    known["limits"]["shares_max"] = json!(7);
    assert_eq!(changed(json!({ "limits": { "shares_max": 7 } })).await, known);
    // Null takes away: a bound, or what was chosen instead of the usual.
    known["limits"]["shares_max"] = json!(10_000);
    known["entered_at"] = json!(null);
    known["sign_type"] = json!(null);
    let nothing = json!({ "limits": { "shares_max": null }, "entered_at": null, "sign_type": null });
    assert_eq!(changed(nothing).await, known);
    // Another generation brings its own limits; the same one again changes nothing.
    let usual = known["limits"].clone();
    let of_2014 = changed(json!({ "generation": "G1", "limits": { "packets_per_day": 3 } })).await;
    assert_eq!(
        (&of_2014["limits"]["packets_per_day"], &of_2014["limits"]["closed_at_night"]),
        (&json!(3), &json!(true))
    );
    assert_eq!(changed(json!({ "generation": "G1" })).await, of_2014);
    assert_eq!(changed(json!({ "generation": "G2b" })).await["limits"], usual);

    for (body, expected) in [
        (json!([]), 400),
        (json!({ "limits": { "shares_max": 10_001 } }), 400),
        (json!({ "limits": 1 }), 400),
        (json!({ "unknown": 1 }), 400),
        (json!({ "funds_fen": 1 }), 400),
        (json!({ "keys": [{ "key": "CANARYKEY0123456789abcdef012345" }] }), 400),
        (json!({ "keys": ["CANARY"] }), 400),
        (json!({ "CANARY": 1 }), 400),
    ] {
        let reply = send(body.clone()).await;
        assert_eq!(reply.0.as_u16(), expected, "{body}: {}", reply.1);
        assert!(!reply.1.to_string().contains("CANARY") && !reply.1.to_string().contains("line 0"), "{}", reply.1);
    }
    assert_eq!(rig.get(&path).await.1, known);
    assert_eq!(code(&rig.admin("PATCH", "/admin/merchants/99", Some(&json!({}))).await), (404, "no_such_merchant"));
    assert_eq!(code(&rig.admin("PATCH", "/admin/apps/wx0", Some(&json!({}))).await), (404, "no_such_app"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_a_merchant_none_undoes_what_another_did() {
    let rig = std::sync::Arc::new(Rig::start().await);
    let path = format!("/admin/merchants/{MERCHANT}");
    for round in 1..=20 {
        let limits = ["shares_max", "packets_per_second", "packets_per_minute", "packets_per_day"];
        let changes = limits.map(|name| json!({ "limits": { name: round } }));
        let mut calls = tokio::task::JoinSet::new();
        for change in changes {
            let (rig, path) = (rig.clone(), path.clone());
            calls.spawn(async move { rig.admin("PATCH", &path, Some(&change)).await });
        }
        for (status, reply) in calls.join_all().await {
            assert_eq!(status, StatusCode::NO_CONTENT, "{reply}");
        }
        let (_, merchant) = rig.get(&path).await;
        assert_eq!(limits.map(|name| merchant["limits"][name].clone()), limits.map(|_| json!(round)));
    }
}

#[tokio::test]
async fn an_app_keeps_its_secret_and_its_merchants_come_and_go() {
    let rig = Rig::start().await;
    rig.put_corporation().await;
    let path = format!("/admin/apps/{}", crate::rig::CORPORATION);
    let admin = async |method: &str, more: &str, body: Option<Value>| {
        let reply = rig.admin(method, &format!("{path}{more}"), body.as_ref()).await;
        assert_eq!(reply.0, StatusCode::NO_CONTENT, "{}", reply.1);
        rig.get(&path).await.1
    };
    let mut known = rig.get(&path).await.1;
    assert_eq!(known["has_workwx_secret"], json!(true));
    assert!(!known.to_string().contains(crate::rig::WORKWX_SECRET));
    known["registered_only"] = json!(true);
    assert_eq!(admin("PATCH", "", Some(json!({ "registered_only": true }))).await, known);
    known["merchants"] = json!([MERCHANT, "10000097"]);
    for _ in 0..2 {
        assert_eq!(admin("PUT", "/merchants/10000097", None).await, known);
    }
    known["merchants"] = json!(["10000097"]);
    for _ in 0..2 {
        assert_eq!(admin("DELETE", &format!("/merchants/{MERCHANT}"), None).await, known);
    }
    known["has_workwx_secret"] = json!(false);
    assert_eq!(admin("PATCH", "", Some(json!({ "workwx_secret": "" }))).await, known);
    assert_eq!(code(&rig.admin("PUT", "/admin/apps/wx0/merchants/1", None).await), (404, "no_such_app"));
    assert_eq!(code(&rig.admin("PUT", &format!("{path}/merchants/x"), None).await), (400, "invalid_request"));
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
