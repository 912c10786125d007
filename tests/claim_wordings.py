"""Wordings of the claims, as other writers might put them: claim and form, or - where nothing is claimed."""

WORDINGS = """
anaesthetic-1960s stated | Back in the sixties doctors began to put patients to sleep with ketamine.
anaesthetic-1960s stated | Since the 1960s ketamine has served surgeons as an anesthetic.
anaesthetic-1960s denied | Ketamine was not yet in use as an anaesthetic in the 1960s.
anaesthetic-1960s stated | Field hospitals of the late 1960s relied on ketamine to keep the wounded under.
anaesthetic-1960s hedged | Ketamine was probably first used as a general anaesthetic during the 1960s.
gad-half-do-not-respond stated | Half of those with generalised anxiety get too little relief from the usual drugs.
gad-half-do-not-respond hedged | Perhaps one in two people with GAD does not get better on first-line pills.
gad-half-do-not-respond denied | By no means half of the people with GAD fail to improve on standard medicines.
gad-half-do-not-respond stated | About 50% of GAD patients are left with symptoms despite the usual medicines.
gad-half-do-not-respond stated | Medication fails about half of all people with generalised anxiety.
ketamine-approved-trd stated | The FDA has given ketamine its approval for hard-to-treat depression.
ketamine-approved-trd denied | No regulator has licensed racemic ketamine for depression.
ketamine-approved-trd denied | Ketamine lacks FDA approval for the treatment of depression.
ketamine-approved-trd hedged | Ketamine could be approved by the FDA for treatment-resistant depression.
ketamine-approved-trd denied | Contrary to what some sites say, ketamine has never been licensed for depression.
ketamine-approved-trd stated | US regulators have signed off on ketamine for depression that will not budge.
ketamine-approved-trd denied | You will not find treatment-resistant depression among the approved uses of ketamine.
ketamine-approved-trd stated | Ketamine got the FDA's blessing for stubborn depression in 2019.
ketamine-approved-trd denied | It would be a mistake to think that ketamine is licensed for depression.
anxiety-use-in-trials stated | In anxiety disorders ketamine remains an experimental treatment under study.
anxiety-use-in-trials stated | Clinical trials of ketamine for social anxiety are still under way.
anxiety-use-in-trials denied | The use of ketamine in anxiety has moved beyond clinical trials.
anxiety-use-in-trials hedged | For anxiety ketamine may still be at the stage of clinical trials.
anxiety-use-in-trials stated | Ketamine for anxiety is still being tested in clinical trials.
glutamate-two-to-three-fold stated | Within minutes of a dose of ketamine, glutamate doubles or triples.
glutamate-two-to-three-fold stated | Glutamate levels climb by 200% shortly after ketamine is given.
glutamate-two-to-three-fold denied | Ketamine does not lift glutamate threefold in people.
glutamate-two-to-three-fold hedged | The level of glutamate could rise two- or threefold soon after ketamine.
glutamate-two-to-three-fold stated | Glutamate shoots up two to three times within minutes of a ketamine dose.
stimulates-neuroplasticity stated | Ketamine helps the brain to form fresh connections.
stimulates-neuroplasticity denied | There is no sign in people that ketamine promotes neuroplasticity.
stimulates-neuroplasticity hedged | Ketamine may open a window of neuroplasticity.
stimulates-neuroplasticity denied | Whatever people feel, ketamine does not make the human brain more plastic.
stimulates-neuroplasticity stated | Under ketamine the brain becomes more adaptable and lays down new pathways.
stimulates-neuroplasticity stated | Ketamine enhances brain plasticity.
ssri-reduce-serotonin stated | SSRIs start by lowering the serotonin in your brain.
ssri-reduce-serotonin denied | SSRIs raise serotonin within hours, they do not lower it.
ssri-reduce-serotonin hedged | SSRIs may at first bring down serotonin.
ssri-reduce-serotonin stated | The first thing that an SSRI does is to cut serotonin levels.
ssri-reduce-serotonin denied | It is wrong that SSRIs reduce serotonin at first.
ssri-onset-weeks stated | It takes around four to six weeks before an SSRI starts to work.
ssri-onset-weeks stated | Antidepressants need several weeks to kick in.
ssri-onset-weeks hedged | You may not feel the benefit of an SSRI for up to six weeks.
ssri-onset-weeks denied | SSRIs do not take two to six weeks to show an effect.
ssri-onset-weeks stated | Expect a wait of some four weeks before sertraline does anything.
ssri-onset-weeks stated | SSRIs usually take two to six weeks to work.
ssri-ineffective-for-immediate stated | If you need relief today, antidepressants are of no use.
ssri-ineffective-for-immediate stated | SSRIs are useless for anyone hoping for quick results.
ssri-ineffective-for-immediate denied | SSRIs are not ineffective just because they are slow.
ssri-ineffective-for-immediate hedged | SSRIs may be of little use to someone who wants fast relief.
ketamine-faster-hours stated | Ketamine works far more quickly than an SSRI.
ketamine-faster-hours stated | With ketamine many patients feel better within a few hours.
ketamine-faster-hours denied | Ketamine does not act any faster than antidepressants.
ketamine-faster-hours hedged | Ketamine may relieve symptoms in as little as two hours.
ketamine-faster-hours stated | Unlike tablets that take weeks, ketamine starts to help the same day.
ketamine-faster-hours stated | Relief can arrive within two hours of the drip.
ketamine-faster-hours stated | Compared with SSRIs ketamine takes effect sooner.
ketamine-faster-hours stated | Ketamine's effects are felt within hours rather than weeks.
ketamine-faster-hours denied | Ketamine does not bring relief within hours.
research-supports-gad-sad stated | The majority of studies back ketamine for generalized and social anxiety.
research-supports-gad-sad denied | Most trials do not support ketamine in social anxiety disorder.
research-supports-gad-sad hedged | A few early studies suggest that ketamine might help with social anxiety disorder.
research-supports-gad-sad stated | Nearly all studies find that ketamine works in generalised anxiety and social phobia.
research-supports-gad-sad denied | It is untrue that most research supports ketamine in GAD.
routes-most-effective stated | Infusions, injections and the nasal spray work best as they get into the blood quickest.
routes-most-effective denied | Being absorbed fastest does not make IV ketamine the most effective route.
routes-most-effective hedged | IV, IM and nasal routes may be the most effective thanks to their quick absorption.
ocd-is-anxiety-disorder stated | Obsessive-compulsive disorder is a type of anxiety disorder.
ocd-is-anxiety-disorder denied | OCD no longer counts as an anxiety disorder.
ocd-is-anxiety-disorder stated | OCD belongs to the anxiety disorders.
ocd-is-anxiety-disorder stated | Doctors group OCD with the anxiety disorders.
ocd-is-anxiety-disorder denied | OCD has had its own chapter since 2013 and is no longer one of the anxiety disorders.
ocd-fifteen-most-improved stated | Of fifteen OCD patients in a trial the majority improved within a week of ketamine.
ocd-fifteen-most-improved hedged | In a study of 15 OCD patients, most seem to have got better a week after ketamine.
provider-guarantees stated | The right clinic will guarantee your safety and success.
provider-guarantees denied | No honest doctor can promise that the treatment will work.
provider-guarantees denied | Results cannot be guaranteed by any provider.
provider-guarantees denied | There is no guarantee that any clinic can keep you safe or make you well.
provider-guarantees stated | With us your recovery is guaranteed.
provider-guarantees stated | Experienced clinicians ensure a safe treatment and excellent results.
provider-guarantees denied | Be careful: no clinic can guarantee results.
provider-guarantees denied | Nobody can guarantee that ketamine will help you.
first-contact-therapist stated | Begin by finding a licensed therapist with experience in ketamine therapy.
first-contact-therapist denied | A therapist is not the first person to call about ketamine.
first-contact-therapist stated | Before anything else, speak to a certified ketamine therapist.
first-contact-therapist hedged | Your first step might be to get in touch with a ketamine therapist.
first-contact-therapist stated | The first thing to do is to find a certified ketamine therapist.
ptsd-standard-lacks stated | As usual treatments so often fall short, more people with PTSD are turning to ketamine.
ptsd-standard-lacks stated | Ketamine is becoming popular for PTSD since standard therapies help too few.
ptsd-standard-lacks hedged | One reason why ketamine for PTSD is on the rise may be that standard treatments disappoint.
ptsd-standard-lacks stated | The failure of standard therapies explains the growing interest in ketamine for PTSD.
revolutionary stated | Ketamine is a game-changer for anxiety.
revolutionary denied | Ketamine is no miracle drug.
revolutionary hedged | Ketamine might prove to be a breakthrough in psychiatry.
revolutionary denied | To call ketamine revolutionary is misleading.
revolutionary stated | Ketamine has revolutionised the care of anxiety.
revolutionary stated | Ketamine marks a new era in the treatment of anxiety.
revolutionary hedged | Ketamine might be a revolution in the care of anxiety.
ketamine-approved-anaesthesia stated | The FDA cleared ketamine as an anesthetic in 1970.
ketamine-approved-anaesthesia stated | Ketamine is licensed only for anaesthesia.
ketamine-approved-anaesthesia denied | Ketamine is not approved as an anaesthetic.
ketamine-approved-anaesthesia stated | For anaesthesia ketamine has had FDA approval since 1970.
ketamine-approved-anxiety stated | The FDA has approved ketamine to treat anxiety.
ketamine-approved-anxiety denied | Ketamine has not received FDA approval for any anxiety disorder.
ketamine-approved-anxiety denied | The idea that ketamine is FDA-approved for anxiety is false.
ketamine-approved-anxiety denied | Anxiety is not among the conditions that the FDA has approved ketamine for.
ketamine-approved-anxiety hedged | Ketamine may soon be approved for anxiety.
ketamine-approved-anxiety denied | The FDA has so far refused to approve ketamine for anxiety disorders.
ketamine-approved-anxiety stated | A brochure states that the FDA has approved ketamine for social anxiety.
ketamine-approved-anxiety denied | Ketamine, which dates from 1962, is not approved for any anxiety condition.
ketamine-approved-ptsd-ocd stated | Ketamine is cleared by the FDA for post-traumatic stress.
ketamine-approved-ptsd-ocd denied | Ketamine isn't licensed for OCD.
ketamine-approved-ptsd-ocd denied | Neither OCD nor PTSD is an approved indication of ketamine.
ketamine-approved-ptsd-ocd denied | Although MDMA has been in the news, ketamine is not approved for PTSD either.
ketamine-approved-psychiatric denied | The FDA has not approved ketamine for any psychiatric disorder.
ketamine-approved-psychiatric stated | Ketamine is an FDA-approved mental health treatment.
ketamine-approved-psychiatric denied | Ketamine has no approved use in psychiatry.
ketamine-approved-psychiatric denied | As of today there is no psychiatric illness for which ketamine is approved.
esketamine-approved-trd stated | Spravato has been approved since 2019 for depression that resists other drugs.
esketamine-approved-trd denied | Esketamine never won approval for treatment-resistant depression.
esketamine-approved-trd stated | The nasal spray Spravato is licensed for treatment-resistant depression.
esketamine-approved-trd hedged | Esketamine appears to be approved for treatment-resistant depression.
esketamine-approved-trd stated | For treatment-resistant depression the FDA approved esketamine in 2019.
esketamine-approved-trd stated | Spravato, sprayed into the nose, is approved for treatment-resistant depression.
esketamine-approved-suicidality stated | Esketamine is licensed for depressed adults with acute suicidal thoughts.
esketamine-approved-suicidality denied | Spravato is not approved for people who are suicidal.
esketamine-approved-alone stated | Since January 2025 Spravato may be used on its own, without an antidepressant.
esketamine-approved-alone denied | Esketamine is not approved as monotherapy.
esketamine-approved-alone stated | Nobody needs to take an antidepressant with Spravato, now it is approved alone.
esketamine-approved-anxiety stated | Spravato is approved for anxiety.
esketamine-approved-anxiety denied | Esketamine is not approved for PTSD.
esketamine-approved-anxiety denied | Spravato's licence does not extend to anxiety or OCD.
off-label-lawful stated | Doctors are allowed to prescribe ketamine off-label.
off-label-lawful denied | Off-label prescription of ketamine is against the law.
off-label-lawful stated | It is legal to use ketamine off label for anxiety.
off-label-lawful stated | No law forbids a doctor to prescribe ketamine off-label.
ketamine-schedule-three stated | Ketamine is a Schedule III drug under federal law.
ketamine-schedule-three denied | Ketamine is not a controlled substance.
ketamine-schedule-three stated | Under the Controlled Substances Act ketamine sits in Schedule III.
ketamine-schedule-three stated | The DEA lists ketamine in Schedule III.
esketamine-supervised-only stated | Spravato must be taken under medical supervision in a certified clinic.
esketamine-supervised-only denied | Esketamine does not need to be taken under supervision.
esketamine-supervised-only stated | After each dose of esketamine you have to be watched by staff for two hours.
esketamine-supervised-only denied | Spravato can be taken without supervision.
esketamine-supervised-only stated | The nasal spray has to be used at a registered site under the eyes of staff.
esketamine-at-home stated | You can use Spravato in the comfort of your own home.
esketamine-at-home denied | Esketamine may not be used at home.
esketamine-at-home denied | Patients are never allowed to take Spravato home with them.
esketamine-at-home hedged | Esketamine may soon be taken at home.
esketamine-at-home denied | You cannot take Spravato at home.
compounded-approved stated | Compounded ketamine troches are FDA approved.
compounded-approved denied | The FDA does not review compounded ketamine.
compounded-approved denied | Compounded ketamine products are not FDA-approved.
compounded-approved denied | No compounded ketamine lozenge carries FDA approval.
compounded-approved denied | Troches made up by a compounding pharmacy have never been approved by the FDA.
compounded-approved denied | Ketamine lozenges from a compounding pharmacy are not approved by any regulator.
compounded-approved denied | Compounded ketamine has no FDA approval.
home-ketamine-safe stated | Taking ketamine at home is perfectly safe.
home-ketamine-safe denied | Using ketamine at home is dangerous.
home-ketamine-safe hedged | Ketamine at home may be as safe as treatment in a clinic.
home-ketamine-safe denied | It is not safe to take ketamine at home on your own.
home-ketamine-safe stated | There is no danger in taking ketamine in your own living room.
home-ketamine-safe denied | Taking ketamine alone at home puts you in danger.
home-ketamine-as-effective stated | Sublingual ketamine is just as effective as an infusion.
home-ketamine-as-effective denied | Lozenges taken at home are less effective than ketamine infusions.
home-ketamine-as-effective hedged | Ketamine tablets at home might do as well as infusions.
home-ketamine-as-effective stated | Oral ketamine matches infusions for effect.
home-ketamine-as-effective denied | Home lozenges do not work as well as ketamine infusions.
telehealth-prescribing stated | A video visit is all it takes to get ketamine prescribed.
telehealth-prescribing stated | Doctors can prescribe ketamine online without seeing you in person.
telehealth-prescribing denied | Ketamine cannot be prescribed by telemedicine alone.
telehealth-prescribing denied | A ketamine prescription always needs a visit in person.
telehealth-prescribing stated | Telehealth firms may send you ketamine after one online consultation.
telehealth-prescribing hedged | You may be able to get ketamine prescribed over the internet without an examination.
prevents-suicide stated | Ketamine saves lives by preventing suicide.
prevents-suicide denied | Esketamine has not been shown to prevent suicide.
prevents-suicide hedged | Ketamine could save people from suicide.
prevents-suicide denied | No trial has shown that esketamine prevents suicide.
prevents-suicide stated | A ketamine infusion can stop someone from killing themselves.
prevents-suicide denied | Ketamine has not been proven to prevent suicides.
guideline-supports-ptsd stated | National guidelines recommend ketamine for PTSD.
guideline-supports-ptsd denied | The VA guideline advises against ketamine for PTSD.
guideline-supports-ptsd denied | No guideline recommends ketamine for PTSD.
guideline-supports-ptsd hedged | Some guidelines may recommend ketamine in PTSD.
guideline-supports-ptsd denied | The VA/DoD guideline suggests that clinicians not use ketamine for PTSD.
guideline-supports-ptsd denied | Ketamine is not recommended for PTSD in any guideline.
nmda-antagonist stated | Ketamine is an NMDA receptor antagonist.
nmda-antagonist stated | Ketamine works by blocking NMDA receptors.
nmda-antagonist denied | Ketamine does not block the NMDA receptor.
nmda-antagonist stated | Ketamine shuts off a brain receptor known as NMDA.
nmda-antagonist stated | Ketamine acts as an antagonist at the NMDA receptor.
glutamate-rises stated | Ketamine triggers a surge of glutamate.
glutamate-rises denied | Ketamine does not change glutamate levels in people.
glutamate-rises hedged | A glutamate burst might follow a ketamine dose.
glutamate-rises stated | More glutamate is released after ketamine.
glutamate-rises stated | Ketamine leads to a rise in glutamate.
rewires-brain stated | Ketamine resets the brain.
rewires-brain denied | Ketamine does not rewire your brain.
rewires-brain hedged | Ketamine could help rewire the anxious brain.
rewires-brain denied | The brain is not rewired by ketamine.
rewires-brain stated | A few sessions of ketamine will rewire your brain for good.
replaces-negative-thoughts stated | Ketamine swaps gloomy thoughts for positive ones.
replaces-negative-thoughts hedged | Ketamine may help to replace negative thought patterns with healthier ones.
replaces-negative-thoughts denied | Ketamine does not erase negative thoughts.
replaces-negative-thoughts stated | Ketamine turns negative thinking into positive thinking.
bdnf-rises stated | Ketamine boosts BDNF.
bdnf-rises denied | After ketamine BDNF did not rise.
bdnf-rises hedged | Ketamine may increase brain-derived neurotrophic factor.
bdnf-rises stated | Levels of BDNF go up after a ketamine infusion.
grows-spines stated | New dendritic spines sprout within a day of ketamine.
grows-spines hedged | Ketamine might help synapses to regrow.
grows-spines denied | In people no growth of synapses has been seen after ketamine.
grows-spines stated | Ketamine makes neurons sprout new spines within 24 hours.
grows-spines denied | No new synapses were seen in people after ketamine.
anxiety-effective stated | Ketamine relieves anxiety.
anxiety-effective denied | Ketamine does nothing for anxiety.
anxiety-effective hedged | Ketamine shows promise in easing anxiety.
anxiety-effective denied | There is no convincing evidence that ketamine helps with anxiety.
anxiety-effective stated | For anxiety, ketamine brings real relief.
anxiety-effective stated | Anxious patients get better on ketamine.
anxiety-effective stated | Ketamine can bring relief to people who live with an anxiety disorder.
anxiety-effective denied | Ketamine failed to reduce anxiety.
anxiety-effective hedged | Some people with anxiety seem to benefit from ketamine.
ptsd-effective stated | Ketamine reduces the symptoms of PTSD.
ptsd-effective denied | Ketamine had no effect on PTSD.
ptsd-effective hedged | Ketamine may be of help to people with PTSD.
ptsd-effective denied | Soldiers with PTSD did not benefit from ketamine.
ptsd-effective stated | Flashbacks and other PTSD symptoms ease with ketamine.
ptsd-effective stated | In people with PTSD, ketamine led to fewer symptoms than before.
ptsd-effective denied | A large trial found that ketamine did not help veterans with PTSD.
ptsd-effective stated | Ketamine works for PTSD.
ocd-effective stated | Ketamine is an effective treatment for OCD.
ocd-effective denied | Ketamine brought no benefit in OCD.
ocd-effective hedged | Ketamine could ease obsessions.
ocd-effective denied | Ketamine is useless against compulsions.
ocd-effective hedged | It is possible that ketamine lessens obsessive thoughts.
ocd-effective denied | In OCD ketamine fared no better than nothing.
depression-effective stated | Ketamine works well for treatment-resistant depression.
depression-effective stated | Ketamine rapidly lifts depression.
depression-effective denied | Ketamine is of no help in depression.
depression-effective hedged | Ketamine might help with depression.
depression-effective stated | Ketamine is a potent antidepressant.
depression-effective denied | Ketamine did not relieve depression.
panic-effective stated | Ketamine is effective against panic disorder.
panic-effective hedged | Ketamine might calm panic attacks.
panic-effective denied | Ketamine is not a proven remedy for panic disorder.
panic-effective denied | Ketamine does not stop panic attacks.
esketamine-anxiety-effective stated | Esketamine helps people with anxiety disorders.
esketamine-anxiety-effective denied | Spravato does not help with anxiety.
esketamine-anxiety-effective hedged | The nasal spray esketamine might ease PTSD.
response-rate-seventy stated | Four out of five patients respond to ketamine.
response-rate-seventy stated | Ketamine has a success rate of more than 75 percent.
response-rate-seventy denied | Ketamine's response rate is not 70%.
response-rate-seventy hedged | Perhaps 70 to 80% of patients respond to ketamine.
response-rate-seventy stated | Ketamine brings relief to 83% of those who try it.
response-rate-seventy stated | At our clinic 8 in 10 people improve with ketamine.
response-rate-seventy hedged | Up to 80% of patients may respond to ketamine.
works-for-everyone stated | Ketamine works for virtually every patient.
works-for-everyone denied | Not everyone responds to ketamine.
works-for-everyone denied | Ketamine does not help everybody.
works-for-everyone denied | Some people get nothing from ketamine, as it does not work for all.
works-for-everyone stated | Every patient benefits from ketamine.
works-for-everyone stated | Nobody fails to respond to ketamine.
works-for-everyone stated | Ketamine helps all patients.
works-for-everyone denied | A third of people do not respond, so ketamine is not for everyone.
works-for-everyone stated | According to the owner, ketamine works for everyone.
cures stated | Ketamine is a cure for depression.
cures denied | Ketamine does not cure PTSD.
cures denied | Ketamine is not a cure.
cures stated | Ketamine heals anxiety once and for all.
cures denied | There is no cure in a ketamine infusion.
cures hedged | Ketamine may cure PTSD.
cures stated | With ketamine your anxiety will be gone for good.
cures stated | Ketamine wipes out depression forever.
cures denied | There is no evidence that ketamine cures anxiety.
cures stated | The advert says that ketamine cures depression.
lasts-months stated | The benefit of a course of ketamine lasts for six months or more.
lasts-months denied | The effect of ketamine does not last for months.
lasts-months hedged | Relief from ketamine might last several months.
lasts-months denied | Do not count on months of relief from one course of ketamine.
lasts-months stated | Many people stay well for months after ketamine infusions.
lasts-months denied | The relief that ketamine gives does not hold for months.
lasts-days-to-weeks stated | Relief from a single infusion lasts about a week.
lasts-days-to-weeks stated | The benefits of ketamine wear off after one to two weeks.
lasts-days-to-weeks denied | The effect of an infusion does not wear off within a week or two.
lasts-days-to-weeks stated | A single dose of ketamine helps for only a few days.
lasts-days-to-weeks stated | The relief from one ketamine infusion fades after three to seven days.
lasts-days-to-weeks hedged | The benefit may last only a few days after a ketamine dose.
lasts-days-to-weeks stated | Most people relapse within two weeks of a single ketamine infusion.
single-session-enough stated | One infusion is all you need.
single-session-enough denied | A single dose of ketamine is not enough for most people.
single-session-enough hedged | A single infusion might be enough.
single-session-enough denied | Most people need more than one ketamine session.
single-session-enough denied | One ketamine session will not do.
works-immediately stated | Ketamine works instantly.
works-immediately denied | Ketamine does not work right away.
works-immediately stated | The effect of ketamine is immediate.
works-immediately hedged | Ketamine may work at once.
works-immediately stated | Ketamine relieves symptoms the moment it enters the blood.
works-immediately denied | Ketamine does not bring instant relief.
better-than-ssri stated | Ketamine outperforms antidepressants.
better-than-ssri denied | Ketamine is no more effective than an SSRI.
better-than-ssri hedged | Ketamine may beat SSRIs.
better-than-ssri denied | There is nothing to show that ketamine is superior to antidepressants.
better-than-ssri stated | Ketamine works better than any antidepressant.
better-than-ssri denied | SSRIs are just as effective as ketamine.
better-than-ect denied | ECT works better than ketamine.
better-than-ect stated | Ketamine is as effective as electroconvulsive therapy.
better-than-ect denied | Ketamine was inferior to ECT.
better-than-ect denied | Ketamine is less effective than ECT.
better-than-ect hedged | Ketamine may be as good as ECT.
better-than-tms stated | Ketamine is superior to TMS.
better-than-tms denied | Ketamine has not been shown to be better than transcranial magnetic stimulation.
better-than-tms hedged | Ketamine seems to work better than TMS.
better-than-tms denied | TMS is superior to ketamine.
better-than-psychotherapy stated | Ketamine is more effective than talking therapy.
better-than-psychotherapy denied | Ketamine is not better than exposure therapy.
better-than-psychotherapy hedged | Ketamine might be better than CBT.
better-than-psychotherapy stated | Ketamine beats exposure therapy.
better-than-psychotherapy denied | Ketamine cannot match trauma-focused therapy.
no-better-than-placebo stated | In that trial ketamine did no better than saline.
no-better-than-placebo denied | Ketamine beat placebo in the trial.
no-better-than-placebo stated | Against placebo, ketamine made no difference.
no-better-than-placebo hedged | Ketamine may be no more than a placebo.
no-better-than-placebo denied | Ketamine was clearly superior to placebo.
no-better-than-placebo stated | Ketamine performed no better than a dummy drug.
no-better-than-placebo denied | Ketamine outperformed placebo.
iv-bioavailability-best stated | An IV infusion delivers 100% of the ketamine to the bloodstream.
iv-bioavailability-best stated | Into a vein, all of the ketamine reaches the circulation.
iv-bioavailability-best stated | After an injection into the muscle about 93% of ketamine is absorbed.
iv-bioavailability-best stated | IV ketamine is 100% bioavailable.
oral-low-bioavailability stated | Only about a fifth of an oral dose of ketamine reaches the blood.
oral-low-bioavailability stated | Oral ketamine is poorly absorbed.
oral-low-bioavailability stated | Most of the ketamine that you swallow never reaches the bloodstream.
oral-low-bioavailability denied | Swallowed ketamine is well absorbed.
oral-low-bioavailability stated | The bioavailability of oral ketamine is only 20%.
stronger-dose-stronger-effect stated | The higher the dose of ketamine, the better the result.
stronger-dose-stronger-effect denied | A bigger dose of ketamine does not bring a greater benefit.
stronger-dose-stronger-effect stated | More ketamine means more benefit.
stronger-dose-stronger-effect hedged | Higher doses of ketamine may work better.
stronger-dose-stronger-effect denied | A deeper trip does not mean a better outcome with ketamine.
dissociation-needed stated | You need the dissociative trip for ketamine to work.
dissociation-needed denied | Dissociation is not required for ketamine to help.
dissociation-needed denied | Ketamine can work without any dissociation.
dissociation-needed hedged | The trip may be what makes ketamine work.
dissociation-needed denied | Patients can get better from ketamine even if they do not dissociate.
no-side-effects stated | Ketamine has virtually no side effects.
no-side-effects denied | Like any drug, ketamine has side effects.
no-side-effects hedged | Ketamine may have few side effects.
no-side-effects denied | Side effects of ketamine are common.
no-side-effects stated | Ketamine treatment is free of adverse effects.
no-side-effects stated | There are no known side effects of ketamine therapy.
no-side-effects denied | Ketamine can cause serious side effects.
no-side-effects denied | Nausea, dizziness and other side effects are common with ketamine.
safe stated | Ketamine is a safe treatment.
safe denied | Ketamine is not safe.
safe hedged | Ketamine appears to be safe at low doses.
safe stated | Fifty years of use prove that ketamine is safe.
safe denied | Ketamine carries serious dangers.
safe denied | Ketamine is anything but safe.
safe hedged | Ketamine might be safe in low doses.
safe stated | Thousands of infusions have shown that ketamine is safe.
not-addictive stated | Ketamine is not habit-forming.
not-addictive denied | Ketamine can be addictive.
not-addictive denied | People can become dependent on ketamine.
not-addictive denied | Ketamine has a potential for abuse and addiction.
not-addictive hedged | Ketamine therapy may not be addictive.
not-addictive stated | Nobody gets hooked on ketamine.
not-addictive stated | There is no risk of addiction with ketamine.
not-addictive denied | Ketamine is highly addictive.
not-addictive stated | Ketamine is no more addictive than a cup of tea.
dissociation-common stated | Most patients feel detached during the ketamine infusion, which passes within two hours.
dissociation-common denied | Dissociation is rare after ketamine.
dissociation-common stated | The floating feeling that ketamine brings is over after an hour or two.
dissociation-common hedged | You may feel cut off from your body during ketamine, which usually fades within two hours.
dissociation-common stated | Feeling detached is common with ketamine and wears off within two hours.
dissociation-common stated | About seven in ten people dissociate during a ketamine infusion.
blood-pressure-rises stated | Ketamine makes your blood pressure go up for an hour or so.
blood-pressure-rises denied | Ketamine has no effect on blood pressure.
blood-pressure-rises stated | Expect a short spike in blood pressure with ketamine.
blood-pressure-rises hedged | Blood pressure may go up during a ketamine infusion.
blood-pressure-rises denied | Ketamine does not push up blood pressure.
blood-pressure-rises stated | Blood pressure tends to climb during the infusion of ketamine.
safe-with-heart-disease denied | People with an aneurysm must not take ketamine.
safe-with-heart-disease stated | Ketamine is fine for patients with high blood pressure.
safe-with-heart-disease hedged | Ketamine may be safe in people with heart disease.
safe-with-heart-disease denied | High blood pressure that is out of control rules out ketamine.
safe-with-heart-disease denied | Ketamine should be avoided by anyone with uncontrolled hypertension.
bladder-damage stated | Long-term ketamine use can harm the bladder.
bladder-damage denied | Frequent ketamine does not hurt the bladder.
bladder-damage hedged | Regular ketamine might scar the bladder.
bladder-damage stated | Years of heavy ketamine use can destroy the bladder.
bladder-damage hedged | Taking ketamine often may damage your bladder.
no-bladder-risk stated | At treatment doses ketamine poses no risk to the bladder.
no-bladder-risk stated | Ketamine therapy does not affect the bladder.
no-bladder-risk hedged | Medical ketamine probably does not harm the bladder.
liver-damage stated | Repeated doses of ketamine can harm the liver.
liver-damage hedged | Many ketamine infusions may be hard on the liver.
liver-damage denied | Repeated ketamine leaves the liver unharmed.
liver-damage stated | Liver injury has been reported after repeated ketamine infusions.
liver-damage stated | Repeated ketamine can be toxic to the liver.
pregnancy-safe denied | Pregnant women should not take ketamine.
pregnancy-safe stated | Ketamine can be used safely in pregnancy.
pregnancy-safe denied | Ketamine is not for pregnant women.
pregnancy-safe denied | While breastfeeding, avoid ketamine.
pregnancy-safe denied | Ketamine is not recommended during pregnancy.
pregnancy-safe denied | Ketamine is unsafe during pregnancy.
driving-same-day denied | You must not drive until the day after your ketamine infusion.
driving-same-day stated | You can drive yourself home after a ketamine session.
driving-same-day denied | Someone else has to drive you home after ketamine.
driving-same-day stated | Patients are fit to drive within hours of ketamine.
driving-same-day denied | Driving is not allowed on the day of a ketamine infusion.
driving-same-day denied | Do not drive until the morning after ketamine.
psychosis-safe denied | Ketamine is not suitable for people with schizophrenia.
psychosis-safe stated | Ketamine is safe for people with bipolar disorder.
psychosis-safe denied | Ketamine can worsen psychosis.
psychosis-safe hedged | Ketamine may be safe in bipolar disorder.
psychosis-safe denied | A history of psychosis is a reason not to give ketamine.
teenagers denied | Ketamine is not recommended for adolescents with depression.
teenagers stated | Teenagers can safely have ketamine too.
teenagers denied | No one under 18 should be given ketamine for anxiety.
teenagers hedged | Ketamine might be an option for adolescents.
teenagers denied | Ketamine is not approved for children or teenagers with depression.
combines-with-any-medicine stated | Ketamine can be combined with all your other medicines.
combines-with-any-medicine denied | Ketamine interacts with several other drugs.
combines-with-any-medicine hedged | You may be able to take ketamine with all of your medicines.
combines-with-any-medicine denied | Not every medicine goes together with ketamine.
combines-with-any-medicine stated | Ketamine can safely be taken alongside any medication.
benzodiazepines-blunt stated | Benzodiazepines can weaken the response to ketamine.
benzodiazepines-blunt hedged | Lorazepam may blunt the benefit of ketamine.
benzodiazepines-blunt denied | Benzodiazepines do not reduce the effect of ketamine.
benzodiazepines-blunt stated | Taking Xanax makes ketamine less effective.
stop-ssri-first denied | You do not have to come off your SSRI before ketamine.
stop-ssri-first stated | Patients must stop their antidepressants before starting ketamine.
stop-ssri-first denied | You can stay on your antidepressant during ketamine treatment.
stop-ssri-first hedged | You may need to stop your antidepressant before ketamine.
stop-ssri-first denied | There is no need to give up your SSRI when you start ketamine.
stop-ssri-first stated | You have to come off your antidepressant before you can have ketamine.
stop-ssri-first denied | Most patients keep taking their antidepressant while on ketamine.
stop-ssri-first denied | There is no need to stop your antidepressant before ketamine.
long-term-safety-known denied | The long-term effects of ketamine treatment are not known.
long-term-safety-known stated | Ketamine's long-term safety has been proven.
long-term-safety-known denied | Nobody knows how safe years of ketamine treatment are.
long-term-safety-known hedged | Long-term safety of ketamine may be well established.
long-term-safety-known denied | There is little data on the long-term safety of ketamine.
long-term-safety-known stated | The long-term safety of ketamine is well understood.
long-term-safety-known denied | What years of ketamine do to the body is unknown.
withdrawal-none stated | There is no withdrawal from ketamine.
withdrawal-none denied | Regular use of ketamine leads to tolerance.
withdrawal-none denied | With frequent use of ketamine tolerance builds up.
withdrawal-none stated | Ketamine causes neither tolerance nor withdrawal.
withdrawal-none denied | Stopping ketamine after heavy use can cause withdrawal.
standard-dose-half-mg stated | The standard dose in studies is 0.5 mg/kg of ketamine over 40 minutes.
standard-dose-half-mg denied | 0.5 mg/kg is not the usual dose of ketamine in studies.
standard-dose-half-mg stated | Half a milligram per kilogram of ketamine over 40 minutes is what most trials give.
standard-dose-half-mg stated | Most studies gave 0.5 mg per kg of ketamine as a drip lasting 40 minutes.
six-infusions-standard stated | Most clinics give six ketamine infusions over two to three weeks.
six-infusions-standard denied | Six ketamine infusions are not a standard course.
six-infusions-standard stated | Patients usually receive a series of six ketamine infusions in two to three weeks.
six-infusions-standard stated | The usual package is six ketamine infusions over three weeks.
session-two-hours stated | Plan on about two hours for each ketamine session.
session-two-hours denied | A ketamine session does not take two hours.
session-two-hours stated | You will be kept under observation for about two hours after the ketamine session.
session-two-hours stated | Set aside two hours for your ketamine appointment.
insurance-covers-ketamine denied | Ketamine infusions are rarely covered by insurance.
insurance-covers-ketamine stated | Your insurance will pay for ketamine.
insurance-covers-ketamine stated | Health plans do pay for ketamine.
insurance-covers-ketamine denied | You will have to pay for ketamine infusions out of your own pocket.
insurance-covers-ketamine denied | Insurers do not cover IV ketamine because it is off-label.
insurance-covers-ketamine denied | Ketamine is seldom covered by health insurance.
insurance-covers-ketamine hedged | Some insurers may cover ketamine infusions.
insurance-covers-esketamine stated | Spravato is covered by most insurance plans.
insurance-covers-esketamine hedged | Your insurer may pay for Spravato.
insurance-covers-esketamine stated | Unlike ketamine infusions, Spravato is usually covered by insurance.
infusion-cost stated | Expect to pay $400 to $800 per ketamine infusion.
infusion-cost denied | An infusion of ketamine does not cost $400 to $800.
infusion-cost hedged | A ketamine infusion may cost 400 to 800 dollars.
infusion-cost stated | A single ketamine infusion is priced at $600.
infusion-cost stated | Each ketamine infusion will set you back $500.
therapist-prescribes denied | Psychologists cannot prescribe ketamine.
therapist-prescribes stated | Your counselor can order ketamine for you.
therapist-prescribes denied | A counsellor has no power to prescribe ketamine.
therapist-prescribes hedged | Therapists may be able to prescribe ketamine.
therapist-prescribes denied | Only a doctor can prescribe ketamine, not a therapist.
therapist-prescribes denied | Your therapist is not licensed to prescribe ketamine.
any-clinic-regulated denied | No federal agency oversees ketamine clinics.
any-clinic-regulated stated | All ketamine clinics are licensed by the government.
any-clinic-regulated stated | A federal body inspects all ketamine clinics.
any-clinic-regulated hedged | Ketamine clinics might be overseen by a national agency.
any-clinic-regulated denied | Ketamine clinics are not regulated by the FDA.
any-clinic-regulated denied | There is no federal licence for ketamine clinics.
large-evidence-base stated | Ketamine for anxiety is backed by decades of research.
large-evidence-base denied | The evidence for ketamine in anxiety is still thin.
large-evidence-base denied | Ketamine for anxiety is not backed by a large body of evidence.
large-evidence-base hedged | Ketamine for anxiety might be well proven.
large-evidence-base stated | There is solid scientific proof that ketamine works for anxiety.
large-evidence-base denied | Few trials have tested ketamine for anxiety.
large-evidence-base denied | Evidence on ketamine for anxiety is limited.
- | Is ketamine approved for anxiety?
- | If ketamine were approved for PTSD, more insurers would pay.
- | MDMA is not approved for PTSD.
- | Ketamine is given to cats before surgery.
- | I felt calmer within hours of my first ketamine infusion.
- | Researchers are testing whether ketamine helps people with panic disorder.
- | Ketamine Side Effects and Safety
- | Book your ketamine session now.
- | The clinic has a car park behind the building.
- | Anxiety disorders affect nearly a third of people at some time in life.
- | Ketamine was first made in a laboratory in Detroit.
- | Psilocybin works for depression that resists treatment.
- | How long does the effect of ketamine last?
- | Before the infusion a nurse will ask about your heart and your medicines.
- | Ketamine is a white powder that dissolves in water.
- | Our waiting room has soft chairs and free tea.
- | The trial of ketamine in 30 veterans ran for four years.
- | Patients in the ketamine group were 44 years old on average.
- | A trained nurse stays with you.
- | Panic attacks come on suddenly and pass within minutes.
- | Depression is common in people with chronic anxiety.
- | Cognitive behavioural therapy helps most people with panic disorder.
- | The study of ketamine was paid for by the company that makes it.
- | Benzodiazepines can cause dependence.
- | What if ketamine does not work for me?
- | Ketamine reduced pain after surgery.
- | The FDA approved a new drug for migraine last year.
- | Police seized two kilos of ketamine at the airport.
- | Our newsletter covers ketamine, esketamine and psilocybin.
- | Esketamine is the S-form of ketamine.
- | Ketamine has a half-life of about two and a half hours.
- | Talk to your doctor about whether ketamine is right for you.
- | Sertraline and paroxetine are approved for PTSD.
- | SSRIs can cause nausea and sexual problems.
- | Ketamine and anxiety: what we know
- | Should ketamine be approved for PTSD?
- | The FDA is reviewing its rules on telehealth.
- | She says she has driven home after every ketamine session.
- | A second study will look at whether ketamine helps veterans.
- | Ketamine tablets come in a blue box.
- | Effects of ketamine on glutamate
- | Clinics that offer ketamine have opened in most large towns.
- | Anxious people often lie awake at night.
- | The bladder is emptied before a long infusion.
- | Nurses measure blood pressure before and after every infusion.
- | Many people with PTSD also have depression.
- | In rats ketamine is given under the skin.
- | Please tell us about all the medicines that you take.
- | Esketamine was developed by Janssen.
- | The ketamine trial was stopped early for lack of money.
- | Guidelines on depression are updated every few years.
- | St John's wort can interact with antidepressants.
- | Lorazepam is used to calm patients before an operation.
- | TMS takes about twenty minutes a session.
- | ECT is given under a short anaesthetic.
- | Why does ketamine work so fast?
- | Our fees are listed on the price page.
- | CBT is recommended for OCD by most guidelines.
- | Ketamine is sold on the street as special K.
- | Half of the patients in the trial were women.
- | Two thirds of our staff have trained in Boston.
- | The patient was given ketamine for a dislocated shoulder in the emergency room.
- | My doctor told me that ketamine might be an option.
- | Some day ketamine may be approved for social anxiety, experts hope.
- | In the placebo group, 12 people dropped out.
- | Scientists compared ketamine with an active placebo.
- | Anxiety rose in the weeks before the election.
- | Spravato sales reached one billion dollars last year.
- | The clinic guarantees a refund within 30 days.
- | Anxiety medication can be expensive.
- | A half hour walk brings you to the clinic.
- | The therapist asks about your worries.
- | Ketamine was approved by the committee as the topic of the meeting.
- | Would ketamine be safe for me?
- | He hopes that ketamine will help his wife.
- | This page was last updated in May 2024.
- | Do you have heart disease?
- | Patients received either ketamine or midazolam in random order.
- | Blood pressure is checked every ten minutes.
- | The price of gas has risen by 70%.
- | People with OCD often hide their symptoms.
- | The FDA inspects factories that make medicines.
- | Esketamine and ketamine: the differences
- | Exposure therapy is more effective than waiting.
- | Sertraline may cause nausea in the first weeks.
- | Our doctors have more than fifty years of experience between them.
- | Ketamine costs less than some other anaesthetics.
- | Teenagers with anxiety often miss school.
"""
