//! What the machine and the daemon are like.

use bollard::models::{SystemInfo, SystemInfoDefaultAddressPools};

use crate::host::engine_error::EngineError;
use crate::model::network::Subnet;
use crate::model::observed::EngineFacts;

use super::DockerEngine;

pub(super) async fn facts(engine: &DockerEngine) -> Result<EngineFacts, EngineError> {
    engine.call("GET /info", engine.docker.info()).await.map(|info| engine_facts(&info))
}

fn engine_facts(info: &SystemInfo) -> EngineFacts {
    let limits: [(Option<bool>, &[&str]); 8] = [
        (info.memory_limit, &["Memory", "MemoryReservation", "MemorySwap"]),
        (info.swap_limit, &["MemorySwap"]),
        (info.cpu_shares, &["CpuShares"]),
        (info.cpu_cfs_period, &["CpuPeriod"]),
        (info.cpu_cfs_quota, &["CpuQuota"]),
        (info.cpu_set, &["CpusetCpus", "CpusetMems"]),
        (info.pids_limit, &["PidsLimit"]),
        (info.oom_kill_disable, &["OomKillDisable"]),
    ];
    let unsupported = limits.into_iter().filter(|(is_supported, _)| *is_supported == Some(false));
    EngineFacts {
        unsupported_limits: unsupported.flat_map(|(_, names)| names).map(|&name| name.to_owned()).collect(),
        address_pools: address_pools(info.default_address_pools.as_deref().unwrap_or_default()),
    }
}

/// Only a daemon that is configured names its pools.
fn address_pools(pools: &[SystemInfoDefaultAddressPools]) -> Vec<Subnet> {
    if pools.is_empty() {
        return Subnet::default_pools();
    }
    pools.iter().filter_map(|pool| Subnet::parse(pool.base.as_deref()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_lacks_is_no_limit() {
        let info = SystemInfo { swap_limit: Some(false), cpu_set: Some(false), ..SystemInfo::default() };
        let facts = engine_facts(&info);
        assert!(facts.unsupported_limits.iter().eq(["CpusetCpus", "CpusetMems", "MemorySwap"]));
        assert_eq!(facts.address_pools, Subnet::default_pools());
    }

    #[test]
    fn pools_of_a_configured_daemon_are_its_own() {
        let pool = SystemInfoDefaultAddressPools { base: Some("10.9.0.0/16".to_owned()), size: Some(24) };
        let info = SystemInfo { default_address_pools: Some(vec![pool]), ..SystemInfo::default() };
        assert_eq!(
            engine_facts(&info).address_pools,
            Subnet::parse("10.9.0.0/16").into_iter().collect::<Vec<_>>()
        );
    }
}
