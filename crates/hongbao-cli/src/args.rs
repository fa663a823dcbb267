//! What can be said on the command line?
#![expect(clippy::doc_markdown, reason = "these comments are the help that a terminal shows")]

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use hongbao_types::{AppId, BillNo, Fen, MerchantId, OpenId, PacketId, Reference};

use crate::kit;
use crate::profile::DEFAULT_PATH;

/// Red packets (红包) over WeChat Pay's protocol: a platform, and what sends through it.
#[derive(Parser)]
#[command(name = "hongbao", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// The main job once, end to end: top up, send over mTLS, open, give back, balance the books
    Demo,
    /// A sandbox with a merchant, an app and a person to send to; nothing to configure
    Dev(DevArgs),
    /// The platform, from a configuration file
    Serve(ServeArgs),
    /// Send one red packet
    Send(SendArgs),
    /// Ask what became of a red packet
    Query(QueryArgs),
    /// Open a red packet in a person's name, as the app would
    Claim(ClaimArgs),
    /// Merchants
    #[command(subcommand)]
    Merchant(MerchantCommand),
    /// Apps
    #[command(subcommand)]
    App(AppCommand),
    /// Put money into a merchant's funds
    Topup(TopupArgs),
    /// What only a sandbox has
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Rebuild the books and compare: of a running platform, or of a store or its backup
    Audit(AuditArgs),
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
}

#[derive(Subcommand)]
pub(crate) enum MerchantCommand {
    /// Add a merchant
    Add(MerchantAddArgs),
}

#[derive(Args)]
pub(crate) struct MerchantAddArgs {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    /// The merchant number (mch_id)
    pub(crate) merchant: MerchantId,
    /// Its name
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub(crate) name: String,
    /// A file with an API key; once for each key. One is made up, and printed, when none is given
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Vec<PathBuf>,
    /// A client certificate: PEM, or a .p12 whose password is the merchant number; once for each
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Vec<PathBuf>,
    /// An app to whose people it may send; once for each. The app must be there
    #[arg(long, value_name = "APP")]
    pub(crate) app: Vec<AppId>,
    /// Do as production is believed to do, rather than take what every known client sends
    #[arg(long)]
    pub(crate) strict: bool,
    /// The most it may send in one packet, in fen
    #[arg(long, value_name = "FEN")]
    pub(crate) amount_max: Option<Fen>,
    /// The most it may send in a day, in fen
    #[arg(long, value_name = "FEN")]
    pub(crate) amount_per_day: Option<Fen>,
}

#[derive(Subcommand)]
pub(crate) enum AppCommand {
    /// Add an app
    Add(AppAddArgs),
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
    /// The public key with which its assertions are checked, PEM: Ed25519 or P-256
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: PathBuf,
    /// A merchant who may send to its people; once for each
    #[arg(long, value_name = "MERCHANT")]
    pub(crate) merchant: Vec<MerchantId>,
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
    /// Audit this store, or backup, and ask no platform
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,
}
