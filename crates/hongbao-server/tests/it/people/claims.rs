//! `/packets/{packet_id}/claims`: who may open what, and what an assertion must say.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::rig::{APP, DAY_MS, MERCHANT, OPENID, OTHER_OPENID, Rig, element};

async fn sent(rig: &Rig) -> String {
    element(&rig.send(&[]).await, "send_listid").to_owned()
}

pub(crate) fn refusal((status, body): (StatusCode, Value)) -> (u16, String) {
    assert_eq!((&body["money_moved"], &body["status"]), (&json!("no"), &json!(status.as_u16())), "{body}");
    for part in [&body["message"], &body["todo"]] {
        assert!(part["zh"].is_string() && part["en"].is_string(), "{body}");
    }
    (status.as_u16(), body["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_path_that_is_no_text_is_a_problem_like_any_other() {
    let rig = Rig::start().await;
    for path in ["/packets/%FF/claims", "/apps/x/withdrawals/%FF/confirm"] {
        let url = format!("http://{}{path}", rig.addresses.plain.unwrap());
        let reply = rig.http.post(url).send().await.unwrap();
        assert_eq!(reply.headers()["content-type"], "application/problem+json");
        assert_eq!(refusal((reply.status(), reply.json().await.unwrap())), (400, "invalid_request".to_owned()));
    }
}

#[tokio::test]
async fn a_person_opens_a_packet_once_and_gets_the_same_share_again() {
    let rig = Rig::start().await;
    let packet = sent(&rig).await;
    let (status, share) = rig.claim(&packet, OPENID).await;
    assert_eq!(status, StatusCode::OK);
    let expected = json!({
        "packet_id": packet, "openid": OPENID, "amount_fen": 1000,
        "place": 1, "claimed_at": "2014-11-11T04:00:00Z", "is_replay": false,
    });
    assert_eq!(share, expected);
    rig.clock.advance(2 * DAY_MS);
    let (status, again) = rig.claim(&packet, OPENID).await;
    assert_eq!((status, &again["is_replay"]), (StatusCode::OK, &json!(true)));
    assert_eq!((&again["amount_fen"], &again["claimed_at"]), (&share["amount_fen"], &share["claimed_at"]));
    let (_, wallet) = rig.get(&format!("/admin/apps/{APP}/wallets/{OPENID}")).await;
    assert_eq!(wallet, json!({ "balance_fen": 1000 }));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn nobody_else_opens_it_and_nobody_too_late() {
    let rig = Rig::start().await;
    let packet = sent(&rig).await;
    assert_eq!(refusal(rig.claim("1000", OPENID).await), (404, "no_such_packet".to_owned()));
    assert_eq!(refusal(rig.claim("not-a-packet", OPENID).await), (404, "no_such_packet".to_owned()));
    assert_eq!(refusal(rig.claim(&packet, OTHER_OPENID).await), (403, "not_the_recipient".to_owned()));
    rig.clock.advance(DAY_MS);
    assert_eq!(refusal(rig.claim(&packet, OPENID).await), (410, "expired".to_owned()));
    rig.admin("POST", "/admin/expire", None).await;
    assert_eq!(refusal(rig.claim(&packet, OPENID).await), (410, "expired".to_owned()));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_packet_that_only_landed_can_not_be_opened() {
    let rig = Rig::start().await;
    rig.send(&[("total_amount", "6000")]).await;
    let landed = rig.query(crate::rig::BILL_NO).await;
    let refused = refusal(rig.claim(element(&landed, "detail_id"), OPENID).await);
    assert_eq!(refused, (409, "not_sent".to_owned()));
}

#[tokio::test]
async fn an_assertion_must_be_the_apps_own_for_this_packet_and_fresh() {
    let rig = Rig::start().await;
    let packet = sent(&rig).await;
    let now = crate::rig::NOON.as_millis() / 1000;
    let cases = [
        ("another packet", "elsewhere", json!({ "packet": "1" })),
        ("another audience", "signature", json!({ "aud": "somebody" })),
        ("an unknown app", "key", json!({ "iss": "wx0" })),
        ("no app id", "key", json!({ "iss": "a b" })),
        ("over five minutes", "too_long", json!({ "exp": now + 301 })),
        ("expired", "expired", json!({ "iat": now - 300, "exp": now })),
        ("from the future", "not_yet", json!({ "iat": now + 31, "exp": now + 60 })),
        ("not before a minute from now", "not_yet", json!({ "nbf": now + 60 })),
        ("no person", "subject", json!({ "sub": "not an openid" })),
        ("no packet", "elsewhere", json!({ "packet": null })),
    ];
    for (name, code, changes) in cases {
        let refused = refusal(rig.claim_with(&packet, &rig.assertion(&packet, &changes)).await);
        assert_eq!(refused, (401, format!("assertion_{code}")), "{name}");
    }

    let claims = rig.assertion_claims(&packet, &json!({}));
    let header = |algorithm, kid: &str| Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
    let stranger = KeyPair::generate_for(&PKCS_ED25519).unwrap().serialize_pem();
    let stranger = EncodingKey::from_ed_pem(stranger.as_bytes()).unwrap();
    let encode = |header: &Header, key: &EncodingKey| jsonwebtoken::encode(header, &claims, key).unwrap();
    let own = rig.assertion(&packet, &json!({}));
    let forged = [
        ("signature", encode(&header(Algorithm::EdDSA, "k1"), &stranger)),
        ("key", encode(&header(Algorithm::EdDSA, "k2"), &stranger)),
        ("key", encode(&Header::new(Algorithm::EdDSA), &stranger)),
        ("algorithm", encode(&header(Algorithm::HS256, "k1"), &EncodingKey::from_secret(b"public key as secret"))),
        // Signed by nobody.
        ("signature", format!("{}.{}.", &own[..own.find('.').unwrap()], own.split('.').nth(1).unwrap())),
        ("signature", format!("{own}x")),
        ("unreadable", String::from("nonsense")),
    ];
    for (code, token) in &forged {
        assert_eq!(refusal(rig.claim_with(&packet, token).await), (401, format!("assertion_{code}")));
    }
    let url = format!("http://{}/packets/{packet}/claims", rig.addresses.plain.unwrap());
    let reply = reqwest::Client::new().post(url).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::UNAUTHORIZED);

    let (status, _) = rig.claim_with(&packet, &own).await;
    assert_eq!(status, StatusCode::OK, "the app's own assertion counts");
}

#[tokio::test]
async fn an_assertion_that_can_not_be_read_is_not_quoted() {
    let rig = Rig::start().await;
    let packet = sent(&rig).await;
    for changes in [
        json!({ "sub": 13_800_138_000_u64 }),
        json!({ "iat": "13800138000" }),
        json!({ "exp": ["13800138000"] }),
        json!({ "exp": 1.5 }),
    ] {
        let (status, body) = rig.claim_with(&packet, &rig.assertion(&packet, &changes)).await;
        assert_eq!((status, &body["code"]), (StatusCode::UNAUTHORIZED, &json!("assertion_unreadable")), "{changes}");
        assert!(!body.to_string().contains("13800138000"), "{body}");
    }
    let mut claims = rig.assertion_claims(&packet, &json!({}));
    claims.as_object_mut().unwrap().remove("packet");
    let (_, body) = rig.claim_with(&packet, &rig.assertion_of(&claims)).await;
    assert_eq!(body["code"], "assertion_elsewhere", "an assertion for no packet opens none");
}

#[tokio::test]
async fn an_app_may_sign_with_p256_and_its_keys_count_while_they_are_valid() {
    let rig = Rig::start().await;
    let packet = sent(&rig).await;
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
    let header = Header { kid: Some("p256".to_owned()), ..Header::new(Algorithm::ES256) };
    let token = jsonwebtoken::encode(&header, &rig.assertion_claims(&packet, &json!({})), &key).unwrap();
    let put = async |valid_until: &str| {
        let key = json!({ "id": "p256", "public_key_pem": pair.public_key_pem(), "valid_until": valid_until });
        let body = json!({ "keys": [key], "merchants": [MERCHANT] });
        assert_eq!(rig.put(&format!("/admin/apps/{APP}?replace=true"), &body).await.0, StatusCode::NO_CONTENT);
    };
    put("2014-11-11T12:00:00+08:00").await;
    assert_eq!(refusal(rig.claim_with(&packet, &token).await), (401, "assertion_key".to_owned()));
    put("2014-11-11T12:00:01+08:00").await;
    assert_eq!(rig.claim_with(&packet, &token).await.0, StatusCode::OK);
}
