//! stub
use dmfab::event::Event;
use dmfab::report::plain::PlainReporter;
use dmfab::report::style::Style;
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum ProgressMode {
    Auto,
    Tty,
    Plain,
    Json,
    Quiet,
}
pub(crate) async fn show(
    _m: ProgressMode,
    host_names: &[String],
    mut receiver: tokio::sync::mpsc::UnboundedReceiver<Event>,
    _c: bool,
) {
    let mut r = PlainReporter::new(host_names, Style::default());
    let t = std::time::Instant::now();
    while let Some(e) = receiver.recv().await {
        if let Some(l) = r.line(&e, t.elapsed()) {
            eprintln!("{l}");
        }
    }
}
