//! What can be said on the command line?
#![expect(clippy::doc_markdown, reason = "these comments are the help that a terminal shows")]

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use hongbao_engine::directory::{AppKind, Scope};
use hongbao_engine::draw::DrawRule;
use hongbao_engine::packet::Product;
use hongbao_types::{AppId, BillNo, Fen, Generation, LotteryId, MerchantId, OpenId, PacketId, Reference};
use hongbao_wire::Endpoint;

use crate::kit;
use crate::profile::DEFAULT_PATH;

/// Red packets (红包) over WeChat Pay's protocol: a platform, and what sends through it.
#[derive(Parser)]
#[command(name = "hongbao", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print the result, or the error, as one JSON object in one line on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// The examples at the end of a command's help.
macro_rules! examples {
    ($($example:literal),+) => { concat!("Examples:" $(, "\n  ", $example)+) };
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// The main job once, end to end: top up, send over mTLS, open, give back, balance the books
    #[command(after_help = examples!("hongbao demo"))]
    Demo,
    /// A sandbox with a merchant, an app and a person to send to; nothing to configure
    #[command(after_help = examples!("hongbao dev", "hongbao dev --dir /tmp/packets --listen 127.0.0.1:9443"))]
    Dev(DevArgs),
    /// The platform, from a configuration file
    #[command(after_help = examples!("hongbao serve", "hongbao serve --config /etc/hongbao/hongbao.toml"))]
    Serve(ServeArgs),
    /// Send one red packet
    #[command(after_help = examples!(
        "hongbao send",
        "hongbao send --amount 888 --to oxTWIuGaIt6gTKsQRLau2M0yL16E --bill-no 10000098201411111234567890",
        "hongbao send --amount 30000 --scene-id PRODUCT_2 --json"
    ))]
    Send(SendArgs),
    /// Ask what became of a red packet
    #[command(after_help = examples!(
        "hongbao query 10000098201411111234567890",
        "hongbao query 10000098201411111234567890 --json"
    ))]
    Query(QueryArgs),
    /// Open a red packet in a person's name, as the app would
    #[command(after_help = examples!(
        "hongbao claim 1000202611217527032684140000119",
        "hongbao claim 1000202611217527032684140000119 --as oxTWIuGaIt6gTKsQRLau2M0yL16E",
        "hongbao claim 1000202611217527032684140000119 --as bob --link 4b1f0c6a2e9d83755f0a6c1be2d97a04"
    ))]
    Claim(ClaimArgs),
    /// Compute the shares of a finished group packet again, and compare them with what was opened
    #[command(after_help = examples!(
        "hongbao verify-draw 1000202611217527032684140000119",
        "hongbao verify-draw --file packet.json"
    ))]
    VerifyDraw(VerifyDrawArgs),
    /// Sign a request, and show each step
    #[command(after_help = examples!(
        "hongbao sign --key 192006250b4c09247ec02edce69f6a2d request.xml",
        "hongbao sign --key-file api_key.txt --field mch_id=10000098 --field nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
        "hongbao sign --key-file api_key.txt --xml request.xml"
    ))]
    Sign(SignArgs),
    /// Check a request's signature by each rule, step by step. Exit code 0 when one matches, 1 when none does
    #[command(after_help = examples!(
        "hongbao verify --key 192006250b4c09247ec02edce69f6a2d request.xml",
        "hongbao verify --key-file api_key.txt --diagnose request.xml",
        "hongbao verify --key-file api_key.txt --endpoint sendredpack --json -"
    ))]
    Verify(VerifyArgs),
    /// The calls of the merchants' protocol, with their fields
    #[command(after_help = examples!(
        "hongbao endpoints",
        "hongbao endpoints sendredpack --chinese",
        "hongbao endpoints gethbinfo --json"
    ))]
    Endpoints(EndpointsArgs),
    /// What is wrong with my key, my certificate, my clock, my way to the platform? Moves nothing
    #[command(after_help = examples!("hongbao doctor", "hongbao doctor --profile /etc/hongbao/profile.toml --json"))]
    Doctor(DoctorArgs),
    /// Merchants
    #[command(subcommand)]
    Merchant(MerchantCommand),
    /// Apps
    #[command(subcommand)]
    App(AppCommand),
    /// Campaigns of the shake
    #[command(subcommand)]
    Lottery(LotteryCommand),
    /// Put money into a merchant's funds
    #[command(after_help = examples!("hongbao topup 10000098 1000000 --reference bank-2026-11-21-0001"))]
    Topup(TopupArgs),
    /// What only a sandbox has
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Rebuild the books and compare: of a running platform, or of a store or its backup
    #[command(after_help = examples!(
        "hongbao audit",
        "hongbao audit --store backup.db",
        "hongbao audit --store postgres://me@db1,db2/hongbao"
    ))]
    Audit(AuditArgs),
    /// Move a store from SQLite to PostgreSQL, every row as it is. Stopped anywhere and run again, it goes on where it was
    #[command(after_help = examples!(
        "hongbao migrate-store --from hongbao.db --to-file database_url.txt",
        "hongbao migrate-store --from hongbao.db --to postgres://me@db1,db2/hongbao?sslmode=require --json",
        "hongbao migrate-store --from hongbao.db --to-file database_url.txt --abandon"
    ))]
    MigrateStore(MigrateStoreArgs),
    /// What a shell needs to complete this command's words
    #[command(after_help = examples!(
        "hongbao completions bash > ~/.local/share/bash-completion/completions/hongbao",
        "hongbao completions zsh > ~/.zfunc/_hongbao"
    ))]
    Completions(CompletionsArgs),
}

impl Command {
    pub(crate) fn is_server(&self) -> bool {
        matches!(self, Command::Dev(_) | Command::Serve(_))
    }
}

/// Whose name to act in.
#[derive(Args, Clone)]
pub(crate) struct ProfileArgs {
    /// The profile to act with, as `hongbao dev` writes one
    #[arg(long, env = "HONGBAO_PROFILE", default_value = DEFAULT_PATH, value_name = "FILE")]
    pub(crate) profile: PathBuf,
}

#[derive(Args)]
pub(crate) struct DevArgs {
    /// The folder for the store, the keys and the certificates; made if it is missing
    #[arg(long, default_value = "hongbao-dev", value_name = "FOLDER")]
    pub(crate) dir: PathBuf,
    /// Where merchants and people come in, with TLS
    #[arg(long, default_value = "127.0.0.1:8443", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// The same without TLS and without certificates
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) plain: SocketAddr,
    /// How often packets whose time is over are looked for, in seconds
    #[arg(long, default_value = "1", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) expire_every: u64,
}

#[derive(Args)]
pub(crate) struct ServeArgs {
    /// The configuration
    #[arg(long, env = "HONGBAO_CONFIG", default_value = "hongbao.toml", value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Bring a PostgreSQL store of an earlier version to this one first. No other node may be running on it
    #[arg(long)]
    pub(crate) migrate: bool,
}

#[derive(Args)]
pub(crate) struct SendArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The bill number (mch_billno); use the same one again after an error. Made up when left out, and
    /// printed before the call
    #[arg(long, value_name = "NUMBER")]
    pub(crate) bill_no: Option<BillNo>,
    /// The person (re_openid); may be left out where the profile names one to try with
    #[arg(long, value_name = "OPENID")]
    pub(crate) to: Option<OpenId>,
    /// The amount (total_amount), in fen
    #[arg(long, default_value = "1000", value_name = "FEN")]
    pub(crate) amount: Fen,
    /// Who it is from (send_name)
    #[arg(long, default_value = kit::MERCHANT_NAME, value_name = "TEXT")]
    pub(crate) send_name: String,
    /// The greeting (wishing)
    #[arg(long, default_value = "感谢您参加猜灯谜活动，祝您元宵节快乐！", value_name = "TEXT")]
    pub(crate) wishing: String,
    /// The activity (act_name)
    #[arg(long, default_value = "猜灯谜抢红包活动", value_name = "TEXT")]
    pub(crate) act_name: String,
    /// The remark (remark)
    #[arg(long, default_value = "猜越多得越多，快来抢！", value_name = "TEXT")]
    pub(crate) remark: String,
    /// The scene (scene_id), PRODUCT_1 to PRODUCT_8
    #[arg(long, value_name = "SCENE")]
    pub(crate) scene_id: Option<String>,
    /// So many shares (total_num), 3 at least: a group packet (sendgroupredpack), which the person opens first
    #[arg(long, value_name = "NUMBER")]
    pub(crate) shares: Option<u32>,
}

#[derive(Args)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The bill number (mch_billno)
    pub(crate) bill_no: BillNo,
}

#[derive(Args)]
pub(crate) struct ClaimArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The packet (send_listid)
    pub(crate) packet: PacketId,
    /// The person (openid); may be left out where the profile names one to try with
    #[arg(long = "as", value_name = "OPENID")]
    pub(crate) openid: Option<OpenId>,
    /// The token of a link that somebody passed on, to a share of a group packet
    #[arg(long, value_name = "TOKEN")]
    pub(crate) link: Option<String>,
}

#[derive(Args)]
pub(crate) struct VerifyDrawArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The packet (send_listid)
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    pub(crate) packet: Option<PacketId>,
    /// The person who asks (openid); may be left out where the profile names one to try with
    #[arg(long = "as", value_name = "OPENID")]
    pub(crate) openid: Option<OpenId>,
    /// The token of a link to the packet, for whoever has opened no share of it
    #[arg(long, value_name = "TOKEN")]
    pub(crate) link: Option<String>,
    /// A packet as GET /packets/… answered, in place of asking; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// An API key.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct KeyArgs {
    /// The API key (APIv2 密钥). Others on this machine may see it: better name a file
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// A file with the API key and nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct SignArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// The request, XML; - for standard input. A sign that is in it is replaced
    #[arg(value_name = "FILE", required_unless_present = "field")]
    pub(crate) file: Option<PathBuf>,
    /// A field to add, or to change; once for each
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) field: Vec<String>,
    /// The algorithm. Red packets are documented with MD5 only
    #[arg(long, value_name = "ALGORITHM", default_value = "MD5", value_parser = ["MD5", "HMAC-SHA256"], ignore_case = true)]
    pub(crate) sign_type: String,
    /// Count only the fields that this endpoint knows, as the live service does
    #[arg(long, value_name = "NAME", value_parser = endpoints())]
    pub(crate) endpoint: Option<String>,
    /// Print the signed request instead, to be sent as it is
    #[arg(long, conflicts_with = "json")]
    pub(crate) xml: bool,
    /// Show the key at the end of the string to sign
    #[arg(long)]
    pub(crate) show_key: bool,
}

#[derive(Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// The request, XML; - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The endpoint whose known fields count; any of them when left out
    #[arg(long, value_name = "NAME", value_parser = endpoints())]
    pub(crate) endpoint: Option<String>,
    /// Try the known mistakes, and say which one makes it match
    #[arg(long)]
    pub(crate) diagnose: bool,
    /// Show the key at the end of the string to sign
    #[arg(long)]
    pub(crate) show_key: bool,
}

#[derive(Args)]
pub(crate) struct EndpointsArgs {
    /// Only this call
    #[arg(value_name = "NAME", value_parser = endpoints())]
    pub(crate) endpoint: Option<String>,
    /// In Chinese (中文)
    #[arg(long)]
    pub(crate) chinese: bool,
}

fn endpoints() -> PossibleValuesParser {
    PossibleValuesParser::new(Endpoint::ALL.iter().map(|endpoint| endpoint.name))
}

#[derive(Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
}

#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Subcommand)]
pub(crate) enum MerchantCommand {
    /// Add a merchant
    #[command(after_help = examples!(
        "hongbao merchant add 10000099 --name 天虹百货分店 --certificate apiclient_cert.pem --app wx8888888888888888",
        "hongbao merchant add 10000099 --key-file api_key.txt --certificate apiclient_cert.p12 --strict"
    ))]
    Add(Box<MerchantAddArgs>),
    /// Change what a merchant may do; what is not named stays
    #[command(after_help = examples!(
        "hongbao merchant set 10000098 --limit packets_per_second=unlimited --limit amount_max_fen=499900",
        "hongbao merchant set 10000098 --generation G1 --strict",
        "hongbao merchant set 10000098 --limit packets_per_second=usual --entered-at none --product all",
        "hongbao merchant set 10000090 --provider 10000098"
    ))]
    Set(Box<MerchantSetArgs>),
    /// Show a merchant: its limits, its products, its funds
    #[command(after_help = examples!("hongbao merchant show 10000098", "hongbao merchant show 10000098 --json"))]
    Show(MerchantShowArgs),
}

#[derive(Args)]
pub(crate) struct MerchantAddArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The merchant number (mch_id)
    pub(crate) merchant: MerchantId,
    /// An app to whose people it may send; once for each. The app must be there
    #[arg(long, value_name = "APP")]
    pub(crate) app: Vec<AppId>,
    #[command(flatten)]
    pub(crate) settings: MerchantSettings,
}

#[derive(Args)]
pub(crate) struct MerchantSetArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The merchant number (mch_id)
    pub(crate) merchant: MerchantId,
    #[command(flatten)]
    pub(crate) settings: MerchantSettings,
}

#[derive(Args)]
pub(crate) struct MerchantShowArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The merchant number (mch_id)
    pub(crate) merchant: MerchantId,
}

/// What a merchant may be told by an operator.
#[derive(Args)]
pub(crate) struct MerchantSettings {
    /// Its name
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// A file with an API key; once for each key, for these are all it has then. For a new merchant one is made up,
    /// and printed, when none is given
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Vec<PathBuf>,
    /// A client certificate: PEM, or a .p12 whose password is the merchant number; once for each, likewise
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Vec<PathBuf>,
    /// Do as production is believed to do
    #[arg(long, conflicts_with = "compatible")]
    pub(crate) strict: bool,
    /// Take what every known client sends
    #[arg(long)]
    pub(crate) compatible: bool,
    /// The only kind of signature that it may make; any takes both
    #[arg(long, value_name = "TYPE", value_parser = ["MD5", "HMAC-SHA256", ANY])]
    pub(crate) sign_type: Option<String>,
    /// Of which years the service is that it meets: G1 (2014 to 2015), G2a (to July 2016), G2b
    #[arg(long, value_name = "NAME", value_parser = generations())]
    pub(crate) generation: Option<String>,
    /// A product that is open to it; once for each, or all
    #[arg(long, value_name = "NAME", value_parser = products())]
    pub(crate) product: Vec<String>,
    /// A service provider (服务商) that may send on its behalf; once for each, or none
    #[arg(long, value_name = "MERCHANT")]
    pub(crate) provider: Vec<String>,
    /// An address that it may call from; once for each, or any
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Vec<String>,
    /// How its packets of several shares are drawn: each when it is opened, or all beforehand and shuffled
    #[arg(long, value_name = "RULE", value_parser = draw_rules())]
    pub(crate) draws: Option<String>,
    /// A limit, by the name that `merchant show` prints: a number, unlimited, true, false or usual; once for each
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) limit: Vec<String>,
    /// The most it may send in one packet, in fen
    #[arg(long, value_name = "FEN")]
    pub(crate) amount_max: Option<Fen>,
    /// The most it may send in a day, in fen
    #[arg(long, value_name = "FEN")]
    pub(crate) amount_per_day: Option<Fen>,
    /// Whether its account is frozen
    #[arg(long, value_name = "BOOL")]
    pub(crate) frozen: Option<bool>,
    /// Whether it has closed sending by API
    #[arg(long, value_name = "BOOL")]
    pub(crate) closed: Option<bool>,
    /// When it entered: 90 days later it may send (2014-11-11T12:00:00+08:00, or none: it may at once)
    #[arg(long, value_name = "TIME")]
    pub(crate) entered_at: Option<String>,
    /// Since when it has traded without a break: 30 days later it may send; or none
    #[arg(long, value_name = "TIME")]
    pub(crate) trading_since: Option<String>,
}

fn generations() -> PossibleValuesParser {
    PossibleValuesParser::new(Generation::ALL.map(Generation::name))
}

fn products() -> PossibleValuesParser {
    PossibleValuesParser::new(Product::ALL.map(Product::name).into_iter().chain([ALL]))
}

fn draw_rules() -> PossibleValuesParser {
    PossibleValuesParser::new(DrawRule::ALL.map(DrawRule::name))
}

/// Every product.
pub(crate) const ALL: &str = "all";
/// Either kind of signature, every address.
pub(crate) const ANY: &str = "any";
/// No time, nobody.
pub(crate) const NONE: &str = "none";
/// A limit as it is without having been set.
pub(crate) const USUAL: &str = "usual";

#[derive(Subcommand)]
pub(crate) enum AppCommand {
    /// Add an app
    #[command(after_help = examples!(
        "hongbao app add wx2421b1c4370ec43b --public-key app_public_key.pem --merchant 10000098"
    ))]
    Add(AppAddArgs),
    /// Change an app; what is not named stays
    #[command(after_help = examples!(
        "hongbao app set wx8888888888888888 --merchant 10000090 --without-merchant 10000098",
        "hongbao app set wx8888888888888888 --registered-only true"
    ))]
    Set(AppSetArgs),
    /// Show an app: what it is, its keys, who may send to its people
    #[command(after_help = examples!("hongbao app show wx8888888888888888"))]
    Show(AppShowArgs),
    /// What is known of one of an app's people; or register them, block them, let them go
    #[command(after_help = examples!(
        "hongbao app person wx8888888888888888 oxTWIuGaIt6gTKsQRLau2M0yL16E",
        "hongbao app person wx8888888888888888 oxTWIuGaIt6gTKsQRLau2M0yL16E --register",
        "hongbao app person wx8888888888888888 oxTWIuGaIt6gTKsQRLau2M0yL16E --blocked true"
    ))]
    Person(AppPersonArgs),
    /// With which the app's own server comes in: for wallets, withdrawals and erasure
    #[command(subcommand)]
    Credential(CredentialCommand),
}

#[derive(Subcommand)]
pub(crate) enum CredentialCommand {
    /// Add a credential, and print its token, once
    #[command(after_help = examples!(
        "hongbao app credential add wx8888888888888888 backend --scope wallets --scope withdrawals",
        "hongbao app credential add wx8888888888888888 cleanup --scope erasure --until 2027-01-01T00:00:00+08:00"
    ))]
    Add(CredentialAddArgs),
    /// Revoke a credential: it counts no more within a second
    #[command(after_help = examples!("hongbao app credential revoke wx8888888888888888 backend"))]
    Revoke(CredentialRevokeArgs),
}

#[derive(Args)]
pub(crate) struct CredentialAddArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The app id
    pub(crate) app: AppId,
    /// Its name
    #[arg(value_parser = credential_id)]
    pub(crate) id: String,
    /// What it permits; once for each
    #[arg(long, value_name = "SCOPE", required = true, value_parser = scopes())]
    pub(crate) scope: Vec<String>,
    /// Until when it counts (2027-01-01T00:00:00+08:00); for ever when left out
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

#[derive(Args)]
pub(crate) struct CredentialRevokeArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The app id
    pub(crate) app: AppId,
    /// Its name
    #[arg(value_parser = credential_id)]
    pub(crate) id: String,
}

fn scopes() -> PossibleValuesParser {
    PossibleValuesParser::new(Scope::ALL.map(Scope::name))
}

/// A name that can stand in a path.
fn credential_id(text: &str) -> Result<String, String> {
    let may_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_name = (1..=64).contains(&text.len()) && text.bytes().all(may_name);
    if is_name { Ok(text.to_owned()) } else { Err("a name has 1 to 64 letters, digits, '-' or '_'".to_owned()) }
}

#[derive(Args)]
pub(crate) struct AppPersonArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The app id
    pub(crate) app: AppId,
    /// The person
    pub(crate) openid: OpenId,
    /// Register them: an app may know registered people only
    #[arg(long)]
    pub(crate) register: bool,
    /// Whether nothing may be sent to them; registers them, too
    #[arg(long, value_name = "BOOL")]
    pub(crate) blocked: Option<bool>,
}

#[derive(Args)]
pub(crate) struct AppAddArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The app id
    pub(crate) app: AppId,
    /// The name of its key, as assertions give it (kid)
    #[arg(long, default_value = kit::APP_KEY_ID, value_name = "ID")]
    pub(crate) key_id: String,
    /// What it is
    #[arg(long, value_name = "KIND", default_value = "official_account", value_parser = app_kinds())]
    pub(crate) kind: String,
    /// It knows registered people only; otherwise any well-formed openid is one of its people
    #[arg(long)]
    pub(crate) registered_only: bool,
    /// A file with a corporation's secret, with which workwx_sign is made, and nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) workwx_secret_file: Option<PathBuf>,
    /// A file with the app's secret, which its server shows to redeem codes, and nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) app_secret_file: Option<PathBuf>,
    /// A host that web authorisation may send people to, at any port or at one; once for each
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) redirect_host: Vec<String>,
    /// An origin whose pages may call from a browser; once for each
    #[arg(long, value_name = "SCHEME://HOST[:PORT]")]
    pub(crate) origin: Vec<String>,
    /// The public key with which its assertions are checked, PEM: Ed25519 or P-256
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: PathBuf,
    /// A merchant who may send to its people; once for each
    #[arg(long, value_name = "MERCHANT")]
    pub(crate) merchant: Vec<MerchantId>,
}

#[derive(Args)]
pub(crate) struct AppSetArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The app id
    pub(crate) app: AppId,
    /// What it is
    #[arg(long, value_name = "KIND", value_parser = app_kinds())]
    pub(crate) kind: Option<String>,
    /// Whether it knows registered people only
    #[arg(long, value_name = "BOOL")]
    pub(crate) registered_only: Option<bool>,
    /// A file with a corporation's secret; an empty one takes it away
    #[arg(long, value_name = "FILE")]
    pub(crate) workwx_secret_file: Option<PathBuf>,
    /// A file with the app's secret, likewise
    #[arg(long, value_name = "FILE")]
    pub(crate) app_secret_file: Option<PathBuf>,
    /// The only hosts that web authorisation may send people to; once for each, an empty one for none
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) redirect_host: Vec<String>,
    /// The only origins whose pages may call from a browser; once for each, an empty one for none
    #[arg(long, value_name = "SCHEME://HOST[:PORT]")]
    pub(crate) origin: Vec<String>,
    /// A merchant who may send to its people, too; once for each
    #[arg(long, value_name = "MERCHANT")]
    pub(crate) merchant: Vec<MerchantId>,
    /// A merchant who no longer may; once for each
    #[arg(long, value_name = "MERCHANT")]
    pub(crate) without_merchant: Vec<MerchantId>,
}

#[derive(Args)]
pub(crate) struct AppShowArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The app id
    pub(crate) app: AppId,
}

fn app_kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(AppKind::ALL.map(AppKind::name))
}

#[derive(Subcommand)]
pub(crate) enum LotteryCommand {
    /// Show a campaign: when it runs, how often draws win, what is in its bucket
    #[command(after_help = examples!("hongbao lottery show 123456789012345"))]
    Show(LotteryArgs),
    /// Change how often draws win
    #[command(after_help = examples!("hongbao lottery set 123456789012345 --win-rate-ppm 250000"))]
    Set(LotterySetArgs),
    /// Who won what
    #[command(after_help = examples!("hongbao lottery winners 123456789012345 --json"))]
    Winners(LotteryArgs),
}

#[derive(Args)]
pub(crate) struct LotteryArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The campaign (lottery_id)
    pub(crate) lottery: LotteryId,
}

#[derive(Args)]
pub(crate) struct LotterySetArgs {
    #[command(flatten)]
    pub(crate) campaign: LotteryArgs,
    /// How many draws in a million win
    #[arg(long, value_name = "NUMBER")]
    pub(crate) win_rate_ppm: u32,
}

#[derive(Args)]
pub(crate) struct TopupArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The merchant number (mch_id)
    pub(crate) merchant: MerchantId,
    /// The amount, in fen
    pub(crate) amount: Fen,
    /// Your reference: the same one again puts nothing in a second time. Made up when left out, and
    /// printed before the call
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) reference: Option<Reference>,
}

#[derive(Subcommand)]
pub(crate) enum SandboxCommand {
    /// Show the clock, or turn it forward: +24h, +30m, +10s, or a time as 2014-11-11T12:00:00+08:00
    #[command(after_help = examples!("hongbao sandbox clock", "hongbao sandbox clock +24h"))]
    Clock(ClockArgs),
}

#[derive(Args)]
pub(crate) struct ClockArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// How far, or to when
    #[arg(value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Leave what the time passed brings to the platform's own job
    #[arg(long)]
    pub(crate) no_expire: bool,
}

#[derive(Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// Audit this store (a file, a backup of one, or postgres://…), and ask no platform
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<String>,
}

#[derive(Args)]
pub(crate) struct MigrateStoreArgs {
    /// The store's file. No server may be running on it, then or later: it is served from the database afterwards
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,
    /// The database, empty or as an earlier run left it: postgres://user:password@host/database. A command line is seen
    /// by everybody on this machine: a password is better kept in a file, or in the environment (HONGBAO_MIGRATE_TO)
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// A file with that URL in it
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub(crate) to_file: Option<PathBuf>,
    /// Give an unfinished migration up: the database is emptied again, and the file may be served
    #[arg(long)]
    pub(crate) abandon: bool,
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory, Parser};

    use super::Arguments;

    /// Every command that does something, with its help.
    fn leaves(command: &Command, found: &mut Vec<Command>) {
        let mut below = command.get_subcommands().filter(|command| command.get_name() != "help").peekable();
        if below.peek().is_none() {
            found.push(command.clone());
        }
        below.for_each(|command| leaves(command, found));
    }

    #[test]
    fn every_command_has_examples_and_they_can_be_said() {
        let mut commands = Vec::new();
        leaves(&Arguments::command(), &mut commands);
        assert!(commands.len() > 10);
        for command in commands {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let mut examples = help.lines();
            assert_eq!(examples.next(), Some("Examples:"), "{}", command.get_name());
            for example in examples {
                let words = example.split(" > ").next().unwrap_or_default().split_whitespace();
                let parsed = Arguments::try_parse_from(words);
                assert!(
                    parsed.is_ok(),
                    "{example}: {}",
                    parsed.err().map(|error| error.to_string()).unwrap_or_default()
                );
            }
        }
    }

    #[test]
    fn the_commands_are_consistent() {
        Arguments::command().debug_assert();
    }
}
