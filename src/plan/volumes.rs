//! Volumes: made, prepared, and where that is asked for made anew.
//!
//! A volume that is made anew loses its files, and the Engine gives none away that a container
//! mounts, be it stopped. So its users go first, and are made again on the new one: the rest of the
//! plan is made from the host as it is without them.

use std::collections::BTreeSet;

use crate::model::image::ImageReference;
use crate::model::item::ItemId;
use crate::model::observed::{HostState, ObservedContainer, ObservedVolume, RootShell};
use crate::model::ownership::lasting_name;
use crate::model::spec::{ContainerSpec, HostSpec};
use crate::model::volume::VolumeSpec;

use super::actions::{self, remove, stop};
use super::builder::{Chain, PlanBuilder};
use super::options::PreparationWay;
use super::order::Containers;
use super::planner::{PlanError, claim, refuse_foreign};
use super::{Action, Cause, Notice, Preparer, Request, StepId, diff};

/// Plans the volumes of a host, and knows how they are prepared.
pub(super) struct VolumePlanner<'a> {
    host: &'a HostSpec,
    state: &'a HostState,
    request: &'a Request,
}

impl<'a> VolumePlanner<'a> {
    pub(super) fn new(host: &'a HostSpec, state: &'a HostState, request: &'a Request) -> Self {
        Self { host, state, request }
    }

    /// Takes away the volumes that are to be made anew, with the containers that mount them. The
    /// state is then that of the host without them, and its dead users are selected.
    pub(super) fn take_away(
        &self,
        builder: &mut PlanBuilder,
        containers: &Containers<'a>,
        needed: &BTreeSet<&str>,
        selected: &mut BTreeSet<&'a str>,
    ) -> Result<HostState, PlanError> {
        let mut state = self.state.clone();
        if !self.request.goal.compares_settings() {
            return Ok(state);
        }
        for wanted in self.host.volumes.iter().filter(|volume| needed.contains(volume.name.as_str())) {
            let Some(found) = self.state.volumes.get(&wanted.name) else { continue };
            refuse_foreign(&ItemId::volume(&wanted.name), &found.labels, &wanted.map_name)?;
            let causes = self.causes_to_take_away(wanted, found)?;
            if !causes.is_empty() {
                self.take_away_one(builder, containers, wanted, causes, &state)?;
                forget(&mut state, &wanted.name);
            }
        }
        let lost = |spec: &&ContainerSpec| {
            self.state.containers.contains_key(&spec.name) && !state.containers.contains_key(&spec.name)
        };
        selected.extend(containers.in_order().filter(lost).map(|spec| spec.name.as_str()));
        Ok(state)
    }

    fn causes_to_take_away(
        &self,
        wanted: &VolumeSpec,
        found: &ObservedVolume,
    ) -> Result<Vec<Cause>, PlanError> {
        let options = &self.request.options;
        let is_forced = options.force_update.contains(&ItemId::volume(&wanted.name));
        if !options.recreate_volumes {
            let kept = PlanError::VolumeKept { volume: wanted.name.clone() };
            return if is_forced { Err(kept) } else { Ok(Vec::new()) };
        }
        let differences = diff::volume_differences(wanted, found).into_iter().map(Cause::Changed);
        Ok(is_forced.then_some(Cause::Requested).into_iter().chain(differences).collect())
    }

    fn take_away_one(
        &self,
        builder: &mut PlanBuilder,
        containers: &Containers<'a>,
        wanted: &VolumeSpec,
        causes: Vec<Cause>,
        state: &HostState,
    ) -> Result<(), PlanError> {
        let mut users: Vec<_> = state.containers.values().collect();
        users.retain(|user| user.volume_names.contains(&wanted.name));
        let position = |user: &&ObservedContainer| {
            containers.in_order().position(|spec| spec.name == lasting_name(&user.name))
        };
        users.sort_by_key(|user| std::cmp::Reverse(position(user)));
        let mut waits = Vec::new();
        for user in users {
            waits.extend(self.take_away_user(builder, wanted, user, &waits)?);
        }
        let item = ItemId::volume(&wanted.name);
        let mut chain = Chain::new(builder, item);
        chain.because(causes);
        chain.then(Action::RemoveVolume { volume_name: wanted.name.clone() }, waits).usable();
        Ok(())
    }

    /// Dependents go first, one after the other. A container that nobody here wants would not come back.
    fn take_away_user(
        &self,
        builder: &mut PlanBuilder,
        volume: &VolumeSpec,
        user: &ObservedContainer,
        waits: &[StepId],
    ) -> Result<Option<StepId>, PlanError> {
        let name = lasting_name(&user.name);
        let Some(spec) = self.host.containers.iter().find(|spec| spec.name == name) else {
            return Err(PlanError::VolumeInUse { volume: volume.name.clone(), container: user.name.clone() });
        };
        claim(spec, user, builder)?;
        let mut chain = Chain::new(builder, spec.item());
        chain.because(vec![Cause::DependencyReplaced { item: ItemId::volume(&volume.name) }]);
        if user.status.is_active() {
            chain.then(stop(spec, &user.name), waits.to_vec());
        }
        chain.then(remove(&user.name), waits.to_vec()).usable();
        Ok(chain.last())
    }

    /// Plans the volumes that are needed, and tells which of them will be new.
    pub(super) fn plan(
        &self,
        builder: &mut PlanBuilder,
        needed: &BTreeSet<&str>,
    ) -> Result<BTreeSet<String>, PlanError> {
        let mut new_volumes = BTreeSet::new();
        for volume in self.host.volumes.iter().filter(|volume| needed.contains(volume.name.as_str())) {
            match self.state.volumes.get(&volume.name) {
                Some(found) => self.plan_found(builder, volume, found)?,
                None => {
                    self.plan_new(builder, volume);
                    new_volumes.insert(volume.name.clone());
                }
            }
        }
        Ok(new_volumes)
    }

    /// A volume whose preparation fails is removed again, so that the next run starts afresh
    /// instead of taking it for a prepared one.
    fn plan_new(&self, builder: &mut PlanBuilder, wanted: &VolumeSpec) {
        let item = ItemId::volume(&wanted.name);
        let removed = builder.waits_for([&item]);
        let causes = vec![Cause::Absent { place: wanted.places.nearest("").cloned() }];
        let create = Action::CreateVolume { volume: Box::new(wanted.clone()) };
        // What another driver keeps may be there before the Engine makes a volume of it.
        let only_if_empty = !wanted.is_on_the_host();
        let Some((prepare, waits)) = self.preparation(builder, wanted, only_if_empty) else {
            Chain::new(builder, item).because(causes).then(create, removed).usable();
            return;
        };
        let replacement = builder.new_replacement();
        let mut chain = Chain::resume(builder, item, None, Some(replacement));
        chain.because(causes);
        let undo = Action::RemoveVolume { volume_name: wanted.name.clone() };
        chain.then_undoable(create, removed, undo).then(prepare, waits).usable();
    }

    /// Files that a container may have written keep the owner they have, unless the operator says
    /// otherwise: a volume is prepared again only while it is as the Engine made it and nobody mounts
    /// it: so an interrupted run leaves it.
    fn plan_found(
        &self,
        builder: &mut PlanBuilder,
        wanted: &VolumeSpec,
        found: &ObservedVolume,
    ) -> Result<(), PlanError> {
        let item = ItemId::volume(&wanted.name);
        refuse_foreign(&item, &found.labels, &wanted.map_name)?;
        for difference in diff::volume_differences(wanted, found) {
            builder.notice(Notice::Deviates { item: item.clone(), difference });
        }
        let is_untouched = found.root.is_some_and(|root| root.is_untouched);
        let is_mounted = || self.state.mounted_volumes().contains(wanted.name.as_str());
        let is_left = is_untouched && !is_mounted();
        let cause = is_left.then_some(Cause::NotPrepared);
        let cause = cause.or(self.request.options.prepare_volumes.then_some(Cause::Requested));
        let prepared = cause.and_then(|cause| Some((cause, self.preparation(builder, wanted, false)?)));
        let Some((cause, (prepare, waits))) = prepared else {
            builder.unchanged(item);
            return Ok(());
        };
        Chain::new(builder, item).because(vec![cause]).then(prepare, waits).usable();
        Ok(())
    }

    /// What prepares a volume, and what it waits for; `None` where there is nothing to do.
    pub(super) fn preparation(
        &self,
        builder: &mut PlanBuilder,
        volume: &VolumeSpec,
        only_if_empty: bool,
    ) -> Option<(Action, Vec<StepId>)> {
        let is_wanted =
            !volume.preparation.is_empty() && self.request.options.preparation != PreparationWay::Never;
        let preparer = is_wanted.then(|| self.preparer(volume))?;
        let waits = match &preparer {
            Preparer::HostShell => Vec::new(),
            Preparer::Container { image, .. } => self.image(builder, image),
        };
        Some((actions::prepare(volume, only_if_empty, preparer), waits))
    }

    fn preparer(&self, volume: &VolumeSpec) -> Preparer {
        let is_shell_enough =
            volume.is_on_the_host() && !matches!(self.state.root_shell, RootShell::Fails(_));
        match self.request.options.preparation {
            PreparationWay::Local => Preparer::HostShell,
            PreparationWay::Auto | PreparationWay::Never if is_shell_enough => Preparer::HostShell,
            _ => Preparer::Container {
                image: ImageReference::parse(&self.request.options.core_image, "latest"),
                map_name: volume.map_name.clone(),
            },
        }
    }

    /// The image of the container that prepares, once it is there.
    fn image(&self, builder: &mut PlanBuilder, image: &ImageReference) -> Vec<StepId> {
        let item = ItemId::image(image.to_string());
        if self.state.image_id(image).is_none() && builder.waits_for([&item]).is_empty() {
            let pull = Action::PullImage { reference: image.clone() };
            let mut chain = Chain::new(builder, item.clone());
            chain.because(vec![Cause::Absent { place: None }]).then(pull, Vec::new()).usable();
        }
        builder.waits_for([&item])
    }
}

/// The host as it is without a volume and those who mount it.
fn forget(state: &mut HostState, volume_name: &str) {
    state.containers.retain(|_, user| !user.volume_names.contains(volume_name));
    state.volumes.remove(volume_name);
}

#[cfg(test)]
mod tests {
    use crate::model::observed::VolumeRoot;
    use crate::plan::tests::deployed;
    use crate::plan::{Goal, Options, check, plan_host, text};
    use crate::testing::host;

    use super::*;

    const MAP: &str = "\
volumes: {data: {default_path: /data}, far: {default_path: /far, driver: nfs}}
app: {image: 'app:1', user: 2000, permissions: u=rwX, attaches: data}
reader: {image: 'app:1', uses: data, links: app}
lone: {image: 'app:1', user: 7, attaches: far}";

    fn planned(state: &HostState, options: Options) -> String {
        let host = host(MAP);
        let container_names = host.containers.iter().map(|spec| spec.name.clone()).collect();
        let plan = plan_host(&host, state, &Request { goal: Goal::Deploy, container_names, options });
        let plan = plan.expect("a plan");
        assert_eq!(check::violations(&host, state, &plan), Vec::<String>::new());
        text::lines(&plan).join("\n")
    }

    fn preparations(state: &HostState, options: Options) -> Vec<String> {
        let lines = planned(state, options);
        lines.lines().filter(|line| line.contains("prepare")).map(str::to_owned).collect()
    }

    fn empty_host() -> HostState {
        HostState { containers: [].into(), volumes: [].into(), ..deployed(&host(MAP)) }
    }

    // features: PRM-01, PRM-02, PRM-03, OPT-05
    #[test]
    fn volumes_are_prepared_by_the_hosts_shell_or_by_a_container() {
        let by = |preparation| Options { preparation, ..Options::default() };
        insta::assert_snapshot!(preparations(&empty_host(), by(PreparationWay::Auto)).join("\n"), @"
        #2 prepare volume m.data: chown 2000:2000 chmod u=rwX  after #1
        #5 prepare volume m.far: chown 7:7 if it is empty in a container of busybox:latest  after #3 #4
        #7 prepare volume m.data: chown 2000:2000 chmod u=rwX  after #6
        #9 prepare volume m.far: chown 7:7 if it is empty in a container of busybox:latest  after #3 #8
        #13 prepare volume m.data: chown 2000:2000 chmod u=rwX if it is empty  after #7 #12
        ");
        let shell_less = HostState { root_shell: RootShell::Fails("no sudo".to_owned()), ..empty_host() };
        for (state, way) in [(&shell_less, PreparationWay::Auto), (&empty_host(), PreparationWay::Container)]
        {
            let lines = preparations(state, by(way));
            assert!(!lines.is_empty(), "{way:?}");
            assert!(lines.iter().all(|line| line.contains(" in a container of busybox:latest")), "{lines:?}");
        }
        let lines = preparations(&shell_less, by(PreparationWay::Local));
        assert!(lines.iter().all(|line| !line.contains("container of")), "{lines:?}");
        assert_eq!(preparations(&empty_host(), by(PreparationWay::Never)), Vec::<String>::new());
    }

    #[test]
    fn the_image_of_the_preparing_container_is_pulled_once() {
        let options = Options { preparation: PreparationWay::Container, ..Options::default() };
        let plan = planned(&empty_host(), options.clone());
        assert_eq!(plan.matches("pull image busybox:latest").count(), 1, "{plan}");
        let mut state = empty_host();
        state.image_ids.insert("busybox:latest".to_owned(), "id-of-busybox".to_owned());
        assert!(!planned(&state, options).contains("pull image"));
    }

    // features: PRM-07
    #[test]
    fn files_keep_their_owner_unless_the_operator_says_otherwise() {
        let mut state = deployed(&host(MAP));
        let found = state.volumes.get_mut("m.data").expect("a volume");
        found.root = Some(VolumeRoot { is_untouched: false });
        assert_eq!(planned(&state, Options::default()), "");
        let again = Options { prepare_volumes: true, ..Options::default() };
        insta::assert_snapshot!(planned(&state, again), @"
    #1 prepare volume m.data: chown 2000:2000 chmod u=rwX  <- asked for
    #2 pull image busybox:latest  <- not there
    #3 prepare volume m.far: chown 7:7 in a container of busybox:latest  <- asked for  after #2
    ");
    }

    #[test]
    fn a_volume_that_differs_is_told_and_made_anew_only_if_that_is_asked_for() {
        let mut state = deployed(&host(MAP));
        let found = state.volumes.get_mut("m.data").expect("a volume");
        found.driver_options = [("type".to_owned(), "tmpfs".to_owned())].into();
        assert_eq!(planned(&state, Options::default()), "");
        let anew = Options { recreate_volumes: true, ..Options::default() };
        insta::assert_snapshot!(planned(&state, anew), @"
        #1 stop container m.lone  <- depends on volume m.data, which is made anew  interrupts
        #2 remove container m.lone  after #1
        #3 stop container m.reader  <- depends on volume m.data, which is made anew  after #2  interrupts
        #4 remove container m.reader  after #2 #3
        #5 stop container m.app  <- depends on volume m.data, which is made anew  after #2 #4  interrupts
        #6 remove container m.app  after #2 #4 #5
        #7 remove volume m.data  <- driver_options.type tmpfs -> (not set) (inventory.yaml:5)  after #2 #4 #6
        #8 create volume m.data  <- not there (inventory.yaml:5)  after #7
        #9 prepare volume m.data: chown 2000:2000 chmod u=rwX  after #8
        #10 create container m.app  <- not there (inventory.yaml:5)  after #6 #9
        #11 prepare volume m.data: chown 2000:2000 chmod u=rwX  after #10
        #12 pull image busybox:latest  <- not there
        #13 create container m.lone  <- not there (inventory.yaml:7)  after #2
        #14 prepare volume m.far: chown 7:7 if it is empty in a container of busybox:latest  after #12 #13
        #15 start container m.app  after #9 #11
        #16 verify container m.app  after #15
        #17 create container m.reader  <- not there (inventory.yaml:6)  after #4 #9 #15
        #18 prepare volume m.data: chown 2000:2000 chmod u=rwX if it is empty  after #11 #17
        #19 start container m.reader  after #9 #11 #15 #18
        #20 verify container m.reader  after #19
        #21 start container m.lone  after #14
        #22 verify container m.lone  after #21
        ");
    }

    // features: OPT-07
    #[test]
    fn a_volume_is_forced_only_where_its_files_are_given_up() {
        let forced = |recreate_volumes| Options {
            force_update: BTreeSet::from([ItemId::volume("m.data")]),
            recreate_volumes,
            ..Options::default()
        };
        let state = deployed(&host(MAP));
        let request = |options| Request {
            goal: Goal::Update,
            container_names: BTreeSet::from(["m.app".to_owned()]),
            options,
        };
        let kept = plan_host(&host(MAP), &state, &request(forced(false)));
        assert_eq!(kept, Err(PlanError::VolumeKept { volume: "m.data".to_owned() }));
        let plan = plan_host(&host(MAP), &state, &request(forced(true))).expect("a plan");
        assert!(text::lines(&plan).iter().any(|line| line.contains("remove volume m.data")));
    }

    #[test]
    fn a_volume_that_somebody_else_mounts_is_not_taken_away() {
        let mut state = deployed(&host(MAP));
        let mut stranger = state.containers["m.lone"].clone();
        stranger.name = "stranger".to_owned();
        state.containers.insert(stranger.name.clone(), stranger);
        state.volumes.get_mut("m.data").expect("a volume").driver = "nfs".to_owned();
        let host = host(MAP);
        let options = Options { recreate_volumes: true, ..Options::default() };
        let container_names = host.containers.iter().map(|spec| spec.name.clone()).collect();
        let refused = plan_host(&host, &state, &Request { goal: Goal::Deploy, container_names, options });
        let in_use = PlanError::VolumeInUse { volume: "m.data".to_owned(), container: "stranger".to_owned() };
        assert_eq!(refused, Err(in_use));
    }
}
